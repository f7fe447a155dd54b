export function loader() {
  throw new Error("out of order");
}

export default function Fail() {
  return <p>never seen</p>;
}

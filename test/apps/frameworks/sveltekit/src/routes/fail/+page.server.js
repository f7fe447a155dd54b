export const load = () => {
  throw new Error("out of order");
};

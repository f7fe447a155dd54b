/** The sum of a metric over its labels, in what an admin port tells. @param label as written there, `reason="x"`: of these alone */
export function sumMetric(text: string, name: string, label = ""): number {
  let sum = 0;
  for (const line of text.split("\n")) {
    const isNamed = line.startsWith(`${name} `) || line.startsWith(`${name}{`);
    if (isNamed && line.includes(label)) sum += Number(line.slice(line.lastIndexOf(" ")));
  }
  return sum;
}

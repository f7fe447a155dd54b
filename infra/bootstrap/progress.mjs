/** Shows set-up steps as they go: a line that turns on a terminal, plain lines elsewhere. */

const FRAMES = ["◐", "◓", "◑", "◒"];
const FRAME_MS = 120;

/** @param {{ stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv }} options */
export function createProgress({ stream, env }) {
  const isTerminal = stream.isTTY === true && env.TERM !== "dumb";
  const isColoured = isTerminal && (env.NO_COLOR ?? "") === "";
  const paint = (/** @type {string} */ code, /** @type {string} */ text) =>
    isColoured ? `\u001b[${code}m${text}\u001b[0m` : text;

  return {
    /**
     * Announces a step that is under way. Call the result once, when it has ended.
     * @param {string} label
     */
    begin(label) {
      const startedAt = performance.now();
      const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
      let frame = 0;
      const draw = () => {
        stream.write(`\r\u001b[2K${paint("36", FRAMES[frame % FRAMES.length])} ${label} ${paint("2", seconds())}`);
        frame += 1;
      };
      if (!isTerminal) stream.write(`set-up: ${label} ...\n`);
      const timer = isTerminal ? setInterval(draw, FRAME_MS) : undefined;
      if (isTerminal) draw();
      return (/** @type {boolean} */ isDone) => {
        clearInterval(timer);
        if (isTerminal) {
          const mark = isDone ? paint("32", "✓") : paint("31", "✗");
          stream.write(`\r\u001b[2K${mark} ${label} ${paint("2", seconds())}\n`);
        } else {
          stream.write(`set-up: ${label}: ${isDone ? "done" : "failed"} in ${seconds()}\n`);
        }
      };
    },
    /** @param {string} text */
    line(text) {
      stream.write(`${text}\n`);
    },
  };
}

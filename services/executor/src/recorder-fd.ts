/** Descriptor of the flight recorder in a worker: after standard streams and the IPC channel. */
export const RECORDER_FD = 4;

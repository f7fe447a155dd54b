/** The thread that watches the CPU of a worker's guests, here so that it is built with what else workers start. */
import "@nano/isolate/cpu-watch.thread";

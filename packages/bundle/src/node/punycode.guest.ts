/** `node:punycode`: unenv's. */
export * from "unenv/node/punycode";
export { default } from "unenv/node/punycode";

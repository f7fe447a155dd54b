/** `node:querystring`: unenv's. */
export * from "unenv/node/querystring";
export { default } from "unenv/node/querystring";

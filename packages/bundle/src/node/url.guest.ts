/** `node:url`: unenv's port of what is Node's alone, beside the platform's URL. */
export * from "unenv/node/url";
export { default } from "unenv/node/url";

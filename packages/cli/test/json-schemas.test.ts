import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { jsonSchema } from "../src/author/json-schemas.ts";

const validate = { app: compile("app"), config: compile("config") };

function compile(name: "app" | "config") {
  return new Ajv2020({ strict: false, validateFormats: false }).compile(jsonSchema(name));
}

test("what is valid is so by the schema, with nothing but what must be there", () => {
  expect(validate.app({})).toBe(true);
  expect(validate.app({ $schema: "./nano.schema.json", entrypoint: "src/index.ts", limits: { memory_mb: 64 } })).toBe(
    true,
  );
  expect(validate.config({ $schema: "x", apps: [{ hostname: "a.localhost", entrypoint: "a" }] })).toBe(true);
});

test("what is not valid is not", () => {
  expect(validate.app({ limits: { memory_mb: 1 } })).toBe(false);
  expect(validate.app({ limit: {} })).toBe(false);
  expect(validate.config({ apps: [{ entrypoint: "a" }] })).toBe(false);
});

test("an editor finds what a setting means, its default and its range", () => {
  const { properties } = jsonSchema("app") as { properties: { limits: { properties: Record<string, unknown> } } };
  expect(properties.limits.properties.memory_mb).toMatchObject({
    default: 128,
    minimum: 16,
    maximum: 2048,
    description: "heap and array buffers of one isolate, MiB",
  });
});

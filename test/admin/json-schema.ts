/** A check of values against the part of JSON Schema 2020-12 that the OpenAPI document uses. Anything else is an error. */

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isOfType = (value: unknown, type: unknown): boolean => {
  if (Array.isArray(type)) return type.some((one) => isOfType(value, one));
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
};

type Check = (value: unknown, argument: unknown, at: string, find: Find, schema: Json) => string[];
type Find = (reference: string) => Json;

const must = (holds: boolean, at: string, what: string): string[] => (holds ? [] : [`${at} ${what}`]);

const propertiesOf = (value: unknown, properties: unknown, at: string, find: Find, schema: Json): string[] => {
  if (!isObject(value) || !isObject(properties)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = `${at}.${key}`;
    const known = properties[key];
    if (isObject(known)) return mistakes(inner, known, find, here);
    return must(isObject(schema["additionalProperties"]), here, "is not described");
  });
};

const CHECKS: Readonly<Record<string, Check>> = {
  $ref: (value, reference, at, find) => mistakes(value, find(String(reference)), find, at),
  type: (value, type, at) => must(isOfType(value, type), at, `is no ${JSON.stringify(type)}`),
  enum: (value, choices, at) => must(Array.isArray(choices) && choices.includes(value), at, "is none of the choices"),
  const: (value, only, at) => must(value === only, at, `is not ${JSON.stringify(only)}`),
  anyOf: (value, choices, at, find) =>
    must(
      Array.isArray(choices) &&
        choices.some((choice) => isObject(choice) && mistakes(value, choice, find, at).length === 0),
      at,
      "fits none of the choices",
    ),
  items: (value, items, at, find) =>
    Array.isArray(value) && isObject(items)
      ? value.flatMap((one, index) => mistakes(one, items, find, `${at}[${index}]`))
      : [],
  properties: propertiesOf,
  required: (value, names, at) =>
    isObject(value) && Array.isArray(names)
      ? names.flatMap((name) => must(Object.hasOwn(value, String(name)), `${at}.${name}`, "is missing"))
      : [],
  additionalProperties: (value, schema, at, find, { properties = {} }) =>
    isObject(value) && isObject(schema) && isObject(properties)
      ? Object.entries(value).flatMap(([key, inner]) =>
          Object.hasOwn(properties, key) ? [] : mistakes(inner, schema, find, `${at}.${key}`),
        )
      : [],
  propertyNames: () => [],
  description: () => [],
  default: () => [],
  format: (value, _format, at) => must(typeof value !== "string" || !Number.isNaN(Date.parse(value)), at, "is no time"),
  minLength: (value, min, at) => must(typeof value !== "string" || value.length >= Number(min), at, "is too short"),
  minimum: (value, min, at) => must(typeof value !== "number" || value >= Number(min), at, `is below ${min}`),
  maximum: (value, max, at) => must(typeof value !== "number" || value <= Number(max), at, `is above ${max}`),
  exclusiveMinimum: (value, min, at) =>
    must(typeof value !== "number" || value > Number(min), at, `is not above ${min}`),
};

/** What is wrong with a value. Fields that the schema does not name are mistakes, unless it says what they may be. */
export const mistakes = (value: unknown, schema: Json, find: Find, at = "$"): string[] =>
  Object.entries(schema).flatMap(([keyword, argument]) => {
    const check = CHECKS[keyword];
    return check === undefined ? [`${at}: unknown keyword ${keyword}`] : check(value, argument, at, find, schema);
  });

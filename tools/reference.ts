/**
 * Writes docs/configuration.md from the schema of the configuration, so that the two cannot differ.
 *
 *     node tools/reference.ts          write the page
 *     node tools/reference.ts --check  exit 1 when the page is not what would be written
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { z } from "zod";

import { configSchema } from "../src/config/index.ts";

type Schema = z.core.$ZodType;

/** One table: the keys of an object, or of one of the forms that an object can have. */
interface Section {
  readonly path: string;
  /** What tells this form from its siblings, such as `method: hash`. */
  readonly form: string | undefined;
  readonly meaning: string;
  readonly rows: readonly Row[];
}

interface Row {
  readonly key: string;
  readonly type: string;
  readonly default: string;
  readonly meaning: string;
}

const PAGE = new URL("../docs/configuration.md", import.meta.url);
const INTRODUCTION = new URL("reference-introduction.md", import.meta.url);

/** Tunnels of a route take the keys of all tunnels; what a route does not say has no default of its own. */
const SAME_AS: Readonly<Record<string, string>> = { "routes[].tunnel": "tunnel" };

/** The whole page. */
export function referencePage(): string {
  const sections = sectionsOf(configSchema, "", new Map());
  const text = sections.map(sectionText).join("\n");
  return `${readFileSync(INTRODUCTION, "utf8").trimEnd()}\n\n${text}`;
}

function sectionText({ path, form, meaning, rows }: Section): string {
  const title = path === "" ? "The top" : `\`${path}\`${form === undefined ? "" : ` with \`${form}\``}`;
  const lines = rows.map((row) => `| \`${row.key}\` | ${row.type} | ${row.default} | ${row.meaning} |`);
  const table =
    rows.length === 0 ? "" : `\n| key | type | default | meaning |\n|---|---|---|---|\n${lines.join("\n")}\n`;
  return `## ${title}\n${meaning === "" ? "" : `\n${meaning}\n`}${table}`;
}

/** The sections of an object's keys: its own forms first, then those of what is inside. */
function sectionsOf(schema: Schema, path: string, known: Map<Schema, string>): Section[] {
  const forms = formsOf(schema).filter((form) => !known.has(form));
  for (const form of forms) known.set(form, path);
  const inner = forms.flatMap((form) =>
    fieldsOf(form).flatMap(([key, field]) => innerSections(field, join(path, key), known)),
  );
  const own = forms.map((form) => ({
    path,
    form: discriminatorOf(form),
    meaning: path === "" ? "" : meaningOf(form),
    rows: fieldsOf(form).map(([key, field]) => rowOf(key, field, join(path, key), known)),
  }));
  return [...mergeForms(own), ...inner];
}

/** Several forms get a section of their own each; those that are told apart by their one key share a table. */
function mergeForms(sections: readonly Section[]): readonly Section[] {
  const [first, ...others] = sections;
  if (first === undefined || others.length === 0) return sections;
  if (first.form !== undefined)
    return [{ ...first, form: undefined, meaning: "One of these forms.", rows: [] }, ...sections];
  const rows = sections.flatMap((section) => section.rows.map((row) => ({ ...row, default: "" })));
  return [{ ...first, meaning: "One of these keys.", rows }];
}

/** The keys of an object, without the one that tells its form. */
function fieldsOf(form: z.ZodObject): [string, Schema][] {
  const shape: z.core.$ZodShape = form.shape;
  return Object.entries(shape).filter(([, field]) => !isDiscriminator(field));
}

function innerSections(field: Schema, path: string, known: Map<Schema, string>): Section[] {
  if (path in SAME_AS) return [];
  const element = elementOf(field);
  return sectionsOf(element.schema, `${path}${element.suffix}`, known);
}

function rowOf(key: string, field: Schema, path: string, known: ReadonlyMap<Schema, string>): Row {
  const element = elementOf(field);
  const section = SAME_AS[path] ?? formsOf(element.schema).map((form) => known.get(form))[0];
  const link = section === undefined ? "" : ` See [\`${section}\`](#${anchor(section)}).`;
  return {
    key,
    type: escapeCell(typeOf(field)),
    default: escapeCell(defaultOf(field)),
    meaning: escapeCell(`${meaningOf(field)}${link}`.trim()),
  };
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/** The anchor that renderers of Markdown give to a section's title; the first form's where there are several. */
function anchor(path: string): string {
  return path.toLowerCase().replaceAll(/[^a-z\d\s-]/g, "");
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|");
}

/** Schemas around a schema that do not change what may be written. */
function isWrapper(schema: Schema): schema is z.ZodOptional | z.ZodPrefault | z.ZodDefault {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault;
}

/** The schema right beneath a default or a transformation. */
function beneath(schema: Schema): Schema | undefined {
  if (isWrapper(schema)) return schema.unwrap();
  return schema instanceof z.ZodPipe ? schema.in : undefined;
}

/** What a field is beneath all its defaults and transformations. */
function bare(schema: Schema): Schema {
  const inner = beneath(schema);
  return inner === undefined ? schema : bare(inner);
}

/** The schema within lists and records, and how the path to it goes on. */
function elementOf(field: Schema): { readonly schema: Schema; readonly suffix: string } {
  const schema = bare(field);
  if (schema instanceof z.ZodArray) return { schema: schema.element, suffix: "[]" };
  if (schema instanceof z.ZodRecord) return { schema: schema.valueType, suffix: ".NAME" };
  const list =
    schema instanceof z.ZodUnion ? schema.options.map(bare).find((one) => one instanceof z.ZodArray) : undefined;
  return list instanceof z.ZodArray ? { schema: list.element, suffix: "[]" } : { schema, suffix: "" };
}

/** The forms of object that a value can have; none for a value that is no object. */
function formsOf(schema: Schema): z.ZodObject[] {
  const inner = bare(schema);
  if (inner instanceof z.ZodObject) return [inner];
  return inner instanceof z.ZodUnion ? inner.options.flatMap(formsOf) : [];
}

function isDiscriminator(field: Schema): boolean {
  return field instanceof z.ZodLiteral && typeof field.value === "string";
}

function discriminatorOf(form: z.ZodObject): string | undefined {
  const shape: z.core.$ZodShape = form.shape;
  const found = Object.entries(shape).find(([, field]) => isDiscriminator(field));
  return found !== undefined && found[1] instanceof z.ZodLiteral ? `${found[0]}: ${String(found[1].value)}` : undefined;
}

function meaningOf(schema: Schema): string {
  for (let inner: Schema | undefined = schema; inner !== undefined; inner = beneath(inner)) {
    const { description } = z.globalRegistry.get(inner) ?? {};
    if (description !== undefined) return description;
  }
  return "";
}

function defaultOf(schema: Schema): string {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault) {
    const value: unknown = schema.def.defaultValue;
    return isEmptyObject(value) ? "" : `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
  }
  return schema instanceof z.ZodOptional ? "not set" : "must be given";
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

/** Texts in every unit, of which a field of that unit takes one at least, whatever its bounds. */
const DURATIONS = ["100ms", "1s", "10s", "1m", "1h"];
const SIZES = ["64B", "1KiB", "16KiB", "1MiB"];

function typeOf(field: Schema): string {
  return [...new Set(typesOf(field))].join(" or ");
}

/** The kinds of value that a field takes. */
function typesOf(field: Schema): string[] {
  const schema = isWrapper(field) ? field.unwrap() : field;
  if (isWrapper(schema)) return typesOf(schema);
  if (schema instanceof z.ZodPipe) return measuredBy(schema) ?? typesOf(schema.in);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(typesOf);
  if (schema instanceof z.ZodArray) return [`list of ${typeOf(schema.element)}`];
  if (schema instanceof z.ZodRecord) return [`object of ${typeOf(schema.valueType)}, by name`];
  if (schema instanceof z.ZodEnum) return schema.options.map((option) => `\`${option}\``);
  if (schema instanceof z.ZodLiteral) return [`\`${String(schema.value)}\``];
  return [simpleType(schema)];
}

/** What a field measures; found by asking it which texts it understands. */
function measuredBy(field: Schema): string[] | undefined {
  const word = z.safeParse(field, "off").data === "off" ? ["`off`"] : [];
  if (DURATIONS.some((text) => typeof z.safeParse(field, text).data === "number")) return ["duration", ...word];
  if (SIZES.some((text) => typeof z.safeParse(field, text).data === "number")) return ["size", ...word];
  return isAddress(z.safeParse(field, "127.0.0.1:80").data) ? ["address"] : undefined;
}

function isAddress(value: unknown): boolean {
  return typeof value === "object" && value !== null && "port" in value && "host" in value;
}

function simpleType(schema: Schema): string {
  if (schema instanceof z.ZodNumber) return numberType(schema);
  if (schema instanceof z.ZodObject) return objectType(schema);
  return schema instanceof z.ZodBoolean ? "`true` or `false`" : "text";
}

/** Small forms that are told apart by their one key are shown as they are written. */
function objectType(schema: z.ZodObject): string {
  const [key, ...others] = fieldsOf(schema).map(([name]) => name);
  const isSmall = key !== undefined && others.length === 0 && discriminatorOf(schema) === undefined;
  return isSmall ? `\`{ ${key}: … }\`` : "object";
}

function numberType(schema: z.ZodNumber): string {
  const { type, minimum, exclusiveMinimum, maximum } = z.toJSONSchema(schema);
  const kind = type === "integer" ? "whole number" : "number";
  const above = exclusiveMinimum === undefined ? `${minimum ?? ""}` : `above ${exclusiveMinimum}`;
  const bounds = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? "" : `, ${above} to ${maximum}`;
  return `${kind}${bounds}`;
}

function main(argv: readonly string[]): number {
  const page = referencePage();
  if (!argv.includes("--check")) {
    writeFileSync(PAGE, page);
    return 0;
  }
  if (readFileSync(PAGE, "utf8") === page) return 0;
  console.error("docs/configuration.md is not what the schema says; run: node tools/reference.ts");
  return 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));

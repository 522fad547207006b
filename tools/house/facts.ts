import { parseSync, Visitor } from "oxc-parser";

/** One TypeScript file of the project. */
export interface SourceFile {
  /** Path from the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** A line on which something stands that a rule looks at. */
interface Placed {
  /** Counted from 1. */
  readonly line: number;
}

export interface ImportFact extends Placed {
  /** What is imported; undefined when it is computed, so that nobody can tell. */
  readonly specifier: string | undefined;
  /** Nothing of it is left when the types are taken away. */
  readonly types: boolean;
}

export interface GlobalFact extends Placed {
  /** `process`, `setTimeout`, `Date.now`, `new Date()` ... */
  readonly name: string;
}

export interface FunctionFact extends Placed {
  readonly name: string;
  /** Lines from its first to its last, both counted. */
  readonly lines: number;
}

/** What the rules know of one file. */
export interface SourceFacts {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly ImportFact[];
  readonly globals: readonly GlobalFact[];
  readonly functions: readonly FunctionFact[];
  /** What the parser could not read; nothing else is known of such a file. */
  readonly errors: readonly string[];
}

interface Span {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** Objects whose members are reported as `Object.member`; of `globalThis` the member alone. */
const NAMESPACES: ReadonlySet<string> = new Set(["Date", "Math", "globalThis", "global"]);
const GLOBAL_OBJECTS: ReadonlySet<string> = new Set(["globalThis", "global"]);

/** Reads one file: every import of every kind, every name that may be a global, every function. */
export function readFacts(file: SourceFile): SourceFacts {
  const parsed = parseSync(file.path, file.text);
  const lineOf = lineFinder(file.text);
  const imports: ImportFact[] = [];
  const globals: GlobalFact[] = [];
  const functions: FunctionFact[] = [];
  const visitors = [
    importVisitor((node, specifier, types = false) => imports.push({ specifier, types, line: lineOf(node.start) })),
    globalVisitor((node, name) => globals.push({ name, line: lineOf(node.start) })),
    functionVisitor((node, name) => {
      const line = lineOf(node.start);
      functions.push({ name, line, lines: lineOf(node.end) - line + 1 });
    }),
  ];
  for (const visitor of visitors) new Visitor(visitor).visit(parsed.program);
  const errors = parsed.errors.map((error) => error.message);
  return { path: file.path, lines: lineOf(file.text.trimEnd().length), imports, globals, functions, errors };
}

type Visit = ConstructorParameters<typeof Visitor>[0];
type Report = (node: Span, name: string) => void;

/** Static imports, re-exports, dynamic imports, `import("x").T` and `import x = require("x")`. */
function importVisitor(report: (node: Span, specifier: string | undefined, types?: boolean) => void): Visit {
  return {
    ImportDeclaration: (node) => report(node, node.source.value, node.importKind === "type"),
    ExportAllDeclaration: (node) => report(node, node.source.value, node.exportKind === "type"),
    ExportNamedDeclaration: (node) => {
      if (node.source) report(node, node.source.value, node.exportKind === "type");
    },
    ImportExpression: (node) => {
      const source = node.source;
      report(node, source.type === "Literal" && typeof source.value === "string" ? source.value : undefined);
    },
    TSImportType: (node) => report(node, node.source.value, true),
    TSExternalModuleReference: (node) => report(node, node.expression.value),
  };
}

/**
 * Names that stand where a value or a binding stands. There is no analysis of scopes: a local of the same name is
 * reported too, since a reader could take it for the global just as well.
 */
function globalVisitor(report: Report): Visit {
  const passed = new Set<Span>();
  const passKey = (node: { readonly key: Span; readonly computed?: boolean }): void => {
    if (node.computed !== true) passed.add(node.key);
  };
  return {
    Property: passKey,
    MethodDefinition: passKey,
    PropertyDefinition: passKey,
    TSPropertySignature: passKey,
    TSMethodSignature: passKey,
    ImportSpecifier: (node) => void passed.add(node.imported),
    MemberExpression: (node) => {
      const member = node.property;
      if (!node.computed) passed.add(member);
      if (node.object.type !== "Identifier" || !NAMESPACES.has(node.object.name)) return;
      const name = memberName(member);
      report(node, GLOBAL_OBJECTS.has(node.object.name) ? name : `${node.object.name}.${name}`);
    },
    NewExpression: (node) => {
      const callee = node.callee;
      if (callee.type === "Identifier" && callee.name === "Date" && node.arguments.length === 0) {
        report(node, "new Date()");
      }
    },
    Identifier: (node) => {
      if (!passed.has(node)) report(node, node.name);
    },
  };
}

function memberName(member: { readonly type: string; readonly name?: unknown; readonly value?: unknown }): string {
  if (typeof member.name === "string") return member.name;
  return typeof member.value === "string" ? member.value : "?";
}

function functionVisitor(report: Report): Visit {
  const names = new Map<Span, string>();
  const named = (value: Span | null, key: Span & { readonly name?: unknown }): void => {
    if (value !== null) names.set(value, memberName(key));
  };
  const found = (node: Span & { readonly id?: { readonly name: string } | null }): void =>
    report(node, node.id?.name ?? names.get(node) ?? "(anonymous)");
  return {
    VariableDeclarator: (node) => named(node.init, node.id),
    Property: (node) => named(node.value, node.key),
    MethodDefinition: (node) => named(node.value, node.key),
    PropertyDefinition: (node) => named(node.value, node.key),
    FunctionDeclaration: found,
    FunctionExpression: found,
    ArrowFunctionExpression: found,
  };
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] ?? Infinity) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

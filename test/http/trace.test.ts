/** W3C Trace Context, sections 3.2 and 3.3. */
import assert from "node:assert/strict";
import test from "node:test";
import { traceHeaders, traceOf } from "../../src/http/index.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const SPAN = "8000000080000000";
const random = (): number => 0.5;

const told = (...headers: string[]): string[] => traceHeaders(traceOf(headers, random));

const kept: readonly (readonly [what: string, parent: string, flags: string])[] = [
  ["a sampled one", `00-${TRACE}-${PARENT}-01`, "01"],
  ["one that is not sampled", `00-${TRACE}-${PARENT}-00`, "00"],
  ["one that says that its id is random", `00-${TRACE}-${PARENT}-03`, "03"],
  ["one with flags that nobody knows, without those", `00-${TRACE}-${PARENT}-fd`, "01"],
  ["one with blanks around it", ` 00-${TRACE}-${PARENT}-01\t`, "01"],
  ["one of a later version", `cc-${TRACE}-${PARENT}-01`, "01"],
  ["one of a later version with more fields", `cc-${TRACE}-${PARENT}-01-what-the-future-will-be-like`, "01"],
];

for (const [what, parent, flags] of kept) {
  test(`traceparent: ${what} goes on in version 00, with a span of ours`, () => {
    assert.deepEqual(told("Traceparent", parent), ["traceparent", `00-${TRACE}-${SPAN}-${flags}`]);
  });
}

const refused: readonly (readonly [what: string, parents: readonly string[]])[] = [
  ["there is none", []],
  ["it is empty", [""]],
  ["there are two", [`00-${TRACE}-${PARENT}-01`, `00-${TRACE}-${PARENT}-01`]],
  ["its version is ff", [`ff-${TRACE}-${PARENT}-01`]],
  ["its version is too short", [`0-${TRACE}-${PARENT}-01`]],
  ["its version is no number", [`.0-${TRACE}-${PARENT}-01`]],
  ["it is in capitals", [`00-${TRACE.toUpperCase()}-${PARENT}-01`]],
  ["its trace id is all zeros", [`00-${"0".repeat(32)}-${PARENT}-01`]],
  ["its trace id is too short", [`00-${TRACE.slice(1)}-${PARENT}-01`]],
  ["its trace id is too long", [`00-${TRACE}0-${PARENT}-01`]],
  ["its parent id is all zeros", [`00-${TRACE}-${"0".repeat(16)}-01`]],
  ["its parent id has other digits", [`00-${TRACE}-${PARENT.slice(1)}g-01`]],
  ["its flags are too short", [`00-${TRACE}-${PARENT}-1`]],
  ["its flags are no number", [`00-${TRACE}-${PARENT}-.0`]],
  ["it has more fields than version 00 has", [`00-${TRACE}-${PARENT}-01-more`]],
  ["it is longer than version 00 is", [`00-${TRACE}-${PARENT}-01.`]],
  ["a later version goes on without a dash", [`cc-${TRACE}-${PARENT}-01.what`]],
];

for (const [what, parents] of refused) {
  test(`traceparent: a new trace begins, without the old state, when ${what}`, () => {
    const headers = parents.flatMap((parent) => ["traceparent", parent]);
    assert.deepEqual(told(...headers, "tracestate", "a=1"), ["traceparent", `00-${SPAN}${SPAN}-${SPAN}-01`]);
  });
}

const members = (count: number): string => Array.from({ length: count }, (_, index) => `k${index}=1`).join(",");

const states: readonly (readonly [what: string, lines: readonly string[], passed: string | undefined])[] = [
  ["one member", ["congo=t61rcWkgMzE"], "congo=t61rcWkgMzE"],
  ["several lines become one, in order", ["a=1,b=2", "c=3"], "a=1,b=2,c=3"],
  ["blanks around members, and empty ones, are left out", ["a=1 ,\t b=2", "", ", ,c=3"], "a=1,b=2,c=3"],
  ["of several tenants", ["t@v=1,0tenant/x@vendor=2"], "t@v=1,0tenant/x@vendor=2"],
  ["as many as may be", [members(32)], members(32)],
  ["blanks within a value", ["a=one two"], "a=one two"],
  ["nothing in it", [""], undefined],
  ["too many", [members(33)], undefined],
  ["one twice", ["a=1,a=2"], undefined],
  ["capitals in a key", ["A=1"], undefined],
  ["a key without a value", ["a"], undefined],
  ["an empty value", ["a="], undefined],
  ["a second = in a value", ["a=1=2"], undefined],
  ["a key that is too long", [`${"a".repeat(257)}=1`], undefined],
  ["a vendor that is too long", [`t@${"v".repeat(15)}=1`], undefined],
  ["a value that is too long", [`a=${"1".repeat(257)}`], undefined],
];

for (const [what, lines, passed] of states) {
  test(`tracestate: ${what}: ${passed === undefined ? "nothing is passed on" : "passed on"}`, () => {
    const parent = `00-${TRACE}-${PARENT}-01`;
    const state = lines.flatMap((line) => ["TraceState", line]);
    const expected = passed === undefined ? [] : ["tracestate", passed];
    assert.deepEqual(told("traceparent", parent, ...state), ["traceparent", `00-${TRACE}-${SPAN}-01`, ...expected]);
  });
}

test("an id is never all zeros", () => {
  const trace = traceOf([], () => 0);
  assert.match(trace.traceId, /^0{31}1$/);
  assert.match(trace.spanId, /^0{15}1$/);
});

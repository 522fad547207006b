import htm from "htm";
import { h, type VNode } from "preact";

const bound = htm.bind(h);

/** A piece of the page, written as HTML; each template has one root. */
export const html = (strings: TemplateStringsArray, ...values: readonly unknown[]): VNode =>
  // A template with one root gives one node.
  bound(strings, ...values) as VNode;

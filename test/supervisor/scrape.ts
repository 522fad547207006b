import assert from "node:assert/strict";

/** What a scrape holds: every sample's value by its name and labels as they are written. */
export interface Scrape {
  readonly text: string;
  readonly types: ReadonlyMap<string, string>;
  readonly help: ReadonlyMap<string, string>;
  readonly samples: ReadonlyMap<string, number>;
}

const SAMPLE = /^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\})? (\S+)$/;

/** Reads the text form of Prometheus; fails where a line is none. */
export const readScrape = (text: string): Scrape => {
  const [types, help, samples] = [new Map<string, string>(), new Map<string, string>(), new Map<string, number>()];
  for (const line of text.split("\n")) {
    if (line === "" || line === "# EOF") continue;
    const about = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (about !== null) (about[1] === "HELP" ? help : types).set(about[2] ?? "", about[3] ?? "");
    else {
      const found = SAMPLE.exec(line);
      assert.ok(found, `no sample: ${line}`);
      const key = `${found[1]}${found[2] ?? ""}`;
      assert.ok(!samples.has(key), `twice: ${key}`);
      samples.set(key, Number(found[3]));
    }
  }
  return { text, types, help, samples };
};

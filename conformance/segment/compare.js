// Puts the cases of crates/fql/examples/fql_cases.rs and crates/mapping/examples/mapping_cases.rs, JSON lines in
// the file named first, to Segment's published engines: @segment/tsub and the mapping kit of @segment/actions-core.
//
// A case that touches no known difference must come out the same; a case that is a row of the tables in docs/fql.md
// and docs/mapping.md must still differ in the way the table says. Anything else fails. The last line counts.

"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const readline = require("node:readline");
const { matches, transform } = require("@segment/tsub");
const kit = require("@segment/actions-core/mapping-kit");

const SHOWN = 10;
/** Fewer cases than this without a known difference would prove little. */
const LEAST = { fql: 10_000, action: 2_000, mapping: 5_000 };

const judges = {
  fql: (it) => matches(it.event, { type: "fql", ir: JSON.stringify(it.ir) }),
  action: (it) => transform(it.event, [it.transformer]),
  mapping: (it) => ({ payload: kit.transform(it.mapping, it.event) }),
};

function judged(it) {
  try {
    // What is undefined is left out and an element that is becomes null, as when it is sent.
    return JSON.parse(JSON.stringify(judges[it.kind](it)));
  } catch {
    return "error";
  }
}

function same(left, right) {
  try {
    assert.deepStrictEqual(left, right);
    return true;
  } catch {
    return false;
  }
}

async function main() {
  const compared = {};
  const known = {};
  const failures = [];
  for await (const line of readline.createInterface({ input: fs.createReadStream(process.argv[2]) })) {
    const it = JSON.parse(line);
    const original = JSON.parse(line);
    const theirs = judged(it);
    if (it.row !== undefined) {
      if (!same(theirs, it.theirs)) failures.push({ ...original, theirs, expected: it.theirs });
    } else if (it.differences.length === 0) {
      compared[it.kind] = (compared[it.kind] ?? 0) + 1;
      if (!same(theirs, it.ours)) failures.push({ ...original, theirs });
    } else {
      for (const difference of it.differences) {
        const counts = (known[difference] ??= { cases: 0, different: 0 });
        counts.cases += 1;
        counts.different += same(theirs, it.ours) ? 0 : 1;
      }
    }
  }
  for (const failure of failures.slice(0, SHOWN)) console.error(JSON.stringify(failure));
  for (const [difference, counts] of Object.entries(known)) {
    console.log(`${difference}: ${counts.different} of ${counts.cases} cases differ`);
  }
  const kinds = process.argv.slice(3);
  for (const kind of kinds) {
    if ((compared[kind] ?? 0) < LEAST[kind]) failures.push(kind);
  }
  console.log(`${JSON.stringify(compared)} cases without a known difference, ${failures.length} failures`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

main();

// Rejects wording that the style rules of CONTRIBUTING.md exclude: `node scripts/lint-words.mjs [--summary] [path …]`.
// It checks whole files, but of tests only the titles. A justified use has a comment on its line or on the line above:
// `lint-words: allow REASON`. `--summary` prints a count for each folder instead of each place.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Each pattern, and what to write instead. A space in a pattern also matches a line break inside a comment. */
const rules = [
  [/whoever|whomever/, 'name the subject: "a client that", "any peer that"'],
  [/nobody|somebody|everybody|anybody/, 'name the subject: "no client", "another session", "every peer"'],
  [/strangers?/, '"unauthenticated connection", "pending connection" or "unknown device"'],
  [/whom/, 'name the client, session or principal'],
  [/(?<!there )(?:is|are|was|were) none(?! of)/, '"is not a valid X", "is missing" or "is absent"'],
  [/(?:is|are) none of (?:ours|its|their|our)/, 'state the rule: which part decides, and what this part does'],
  [/none the (?:larger|worse|wiser|less so)/, 'state the effect'],
  [/g(?:ives?|iven|iving|ave) way/, '"is dropped", "is evicted" or "is disconnected"'],
  [/b(?:ears?|earing|ore|orne) with/, '"accepts", "tolerates" or "is accepted"'],
  [/(?:is|are|was|were|be|been|being) told(?! apart)/, '"is notified", "receives", "is sent" or "is logged"'],
  [/in the clothes of/, 'name the form: "an IPv4-mapped IPv6 address"'],
  [/own affair|no business of/, 'state the rule: which part decides, and what this part does'],
  [/of before(?!\))/, '"previous"'],
  [/far end/, '"peer", "remote side" or "broker"'],
  [/likewise/, '"also", or repeat the verb'],
  [/(?:has|have|had) gone/, '"disconnected", "ended" or "was removed"'],
  [
    /what (?:is|are|was|were) [^.,;:?!]{1,40}? (?:is|are|was|were)/,
    'use a noun as the subject, not a clause with "what"',
  ],
];

const gap = String.raw`(?:[ \t]|\n[ \t]*(?:\*|\/\/|#|>)?[ \t]*)+`;
const patterns = rules.map(([pattern, proposal]) => ({
  pattern: new RegExp(String.raw`\b(?:${pattern.source.replaceAll(' ', gap)})\b`, 'gi'),
  proposal,
}));

const places = [
  ...['src', 'bridges', 'console', 'config', 'docs', 'examples', 'scripts', 'bench', 'test'],
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
];
const extensions = /\.(?:[cm]?[jt]sx?|md|ya?ml|css|html|py|sh|ino|h|cpp|conf|txt)$|^Caddyfile$/;
/** Both quote the words. */
const skipped = ['scripts/lint-words.mjs', 'test/scripts/lint-words.test.ts'].map(name => join(root, name));

function filesIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map(name => join(path, name))
    .filter(name => extensions.test(basename(name)) && !name.includes('node_modules'));
}

/** The parts of a file to check, each with its offset: all of it, or the titles of its tests. */
function partsOf(path, text) {
  const inTests = relative(root, path).startsWith('test');
  if (/\.test\.tsx?$/.test(path) || (inTests && /\.tsx?$/.test(path))) {
    const titles =
      /\b(?:it|test|describe)(?:\.\w+)?\(\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/dg;
    return [...text.matchAll(titles)].map(({ indices }) => {
      const [start, end] = indices[1] ?? indices[2] ?? indices[3];
      return [start, text.slice(start, end)];
    });
  }
  if (!inTests) return [[0, text]];
  if (extname(path) !== '.txt') return [];
  return [...text.matchAll(/^# .*$/gm)].map(({ index, 0: title }) => [index, title]);
}

/** The lines, counted from 1, that a marker allows, each with the line of its marker. */
function allowedLines(lines) {
  const allowed = new Map();
  lines.forEach((line, index) => {
    const [marker, reason] = /(?<!`)lint-words: allow(?:[ :]+(\w.*))?/.exec(line) ?? [];
    if (marker === undefined) return;
    if (reason === undefined) report(index + 1, marker, 'give the reason behind the marker');
    // A marker on a line of its own is for the next line.
    const own = /^\s*(?:\/\/|#|\*|\/\*|<!--)/.test(line);
    allowed.set(own ? index + 2 : index + 1, index + 1);
    if (own) allowed.set(index + 1, index + 1);
  });
  return allowed;
}

const found = [];
let report = () => {};
const [flags, paths] = [[], []];
for (const argument of process.argv.slice(2)) (argument.startsWith('--') ? flags : paths).push(argument);
const chosen = paths.length > 0 ? paths.map(path => resolve(path)) : places.map(place => join(root, place));

for (const path of chosen.filter(place => existsSync(place)).flatMap(filesIn)) {
  if (skipped.includes(path)) continue;
  const text = readFileSync(path, 'utf8');
  const name = relative(root, path);
  report = (line, words, proposal) => found.push({ name, line, words, proposal });
  const allowed = allowedLines(text.split('\n'));
  const used = new Set();
  for (const [offset, part] of partsOf(path, text)) {
    for (const { pattern, proposal } of patterns) {
      for (const { index, 0: words } of part.matchAll(pattern)) {
        if (extname(path) === '.py' && words === 'is None') continue;
        const line = text.slice(0, offset + index).split('\n').length;
        const marker = allowed.get(line);
        if (marker !== undefined) used.add(marker);
        else report(line, words.replaceAll(new RegExp(gap, 'g'), ' '), proposal);
      }
    }
  }
  for (const marker of new Set(allowed.values())) {
    if (!used.has(marker)) report(marker, 'lint-words: allow', 'remove the marker: it allows nothing here');
  }
}

if (flags.includes('--summary')) {
  const counts = new Map();
  for (const { name } of found) {
    const folder = name.split('/').slice(0, 2).join('/');
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  for (const [folder, count] of counts) console.log(`${String(count).padStart(5)}  ${folder}`);
} else {
  for (const { name, line, words, proposal } of found) console.log(`${name}:${line}: "${words}": ${proposal}`);
}
if (found.length > 0) {
  console.error(`lint-words: ${found.length} places`);
  process.exitCode = 1;
}

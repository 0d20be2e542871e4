// Names that a module uses and nobody declares: in a page they may be the element with that id.
// Parses with the parser that Node.js brings along: node --expose-internals undeclared.mjs FILE…
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { runInNewContext } from "node:vm";

const require = createRequire(import.meta.url);
const { parse } = require("internal/deps/acorn/acorn/dist/acorn");
const { base, ancestor } = require("internal/deps/acorn/acorn-walk/dist/walk");

const LANGUAGE = new Set(runInNewContext("Object.getOwnPropertyNames(globalThis)"));
/** What modules use of the browser. */
const BROWSER = new Set(
  `AbortController AbortSignal Audio AudioContext Blob BroadcastChannel Event File HTMLScriptElement Image
  IntersectionObserver MediaRecorder MouseEvent MutationObserver Notification Request ResizeObserver Response TextEncoder URL
  URLSearchParams WebSocket XMLHttpRequest addEventListener caches clearInterval clearTimeout createImageBitmap
  dispatchEvent document fetch getComputedStyle history innerHeight innerWidth location matchMedia navigator performance
  queueMicrotask removeEventListener requestAnimationFrame sessionStorage setInterval setTimeout window`.split(/\s+/),
);

const SCOPE = /^(Program|BlockStatement|For(In|Of)?Statement|CatchClause|SwitchStatement|Class(Declaration|Expression)|StaticBlock)$|Function/;
const FUNCTION = /^Program$|^StaticBlock$|Function/;

/** The names that a pattern binds. */
function bound(pattern) {
  switch (pattern?.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((part) => bound(part.value ?? part.argument));
    case "ArrayPattern":
      return pattern.elements.flatMap(bound);
    case "AssignmentPattern":
      return bound(pattern.left);
    case "RestElement":
      return bound(pattern.argument);
    default:
      return [];
  }
}

function undeclared(source) {
  const tree = parse(source, { ecmaVersion: "latest", sourceType: "module", locations: true });
  const names = new Map();
  const used = [];
  const scope = (ancestors, kind = SCOPE) => ancestors.findLast((node) => kind.test(node.type));
  const declare = (node, found) => names.set(node, new Set([...(names.get(node) ?? []), ...found]));
  const callable = (node, _, ancestors) => {
    declare(node, ["arguments", ...node.params.flatMap(bound)]);
    if (node.id) declare(node.type === "FunctionDeclaration" ? scope(ancestors.slice(0, -1)) : node, [node.id.name]);
  };
  const use = (node, _, ancestors) => used.push([node, [...ancestors]]);
  ancestor(tree, {
    Function: callable,
    Class: (node, _, ancestors) => node.id && declare(scope(ancestors.slice(0, -1)), [node.id.name]),
    VariableDeclaration: (node, _, ancestors) =>
      declare(scope(ancestors, node.kind === "var" ? FUNCTION : SCOPE), node.declarations.flatMap(({ id }) => bound(id))),
    CatchClause: (node) => declare(node, bound(node.param)),
    ImportDeclaration: (node) => declare(tree, node.specifiers.map(({ local }) => local.name)),
    Identifier: use,
    // The left side of an assignment.
    VariablePattern: use,
  }, base);
  const declared = ({ name }, ancestors) =>
    LANGUAGE.has(name) || BROWSER.has(name) || ancestors.some((node) => names.get(node)?.has(name));
  return used.filter(([node, ancestors]) => !declared(node, ancestors)).map(([{ name, loc }]) => ({ name, line: loc.start.line }));
}

for (const file of process.argv.slice(2)) {
  for (const { name, line } of undeclared(readFileSync(file, "utf-8"))) console.log(`${name} ${file}:${line}`);
}

/**
Node's own modules, required when they are first used. A CommonJS bundle requires all of them before its first line runs: net, http, zlib, crypto and
child_process cost 8 ms together, and most commands use one or two.
*/

/** Rewrites an unminified esbuild CommonJS bundle: `var import_x = require("node:y")` becomes a function, and its uses call it (in parentheses: `new (import_x()).Y()`). */
export function requireBuiltinsLazily(code) {
	const declaration = /^(\s*)(?:var )?(import_[\w$]+) = (__toESM\(require\("node:[\w/]+"\)(?:, 1)?\)|require\("node:[\w/]+"\));$/gm;
	const names = new Set();
	const declared = code.replaceAll(declaration, (_, indent, name, value) => {
		names.add(name);
		return `${indent}${name} = /* @__PURE__ */ __lazily(() => ${value});`;
	});
	const used = declared.replaceAll(/\b(import_[\w$]+)(?=[.[])/g, (all, name) => (names.has(name) ? `(${name}())` : all));
	const helper = 'function __lazily(load) { let loaded; return () => loaded ??= load(); }';
	// Names that esbuild declares elsewhere (`var import_x, import_y;`) stay declared; declaring again is harmless.
	return `"use strict";${helper}\nvar ${[...names].join(', ')};\n${used.replace(/^"use strict";\n/, '')}`;
}

/**
Node's own modules, required when they are first used. A CommonJS bundle requires all of them before its first line runs: net, http, zlib, crypto and
child_process cost 8 ms together, and most commands use one or two. esbuild also copies each module property by property, once for every file that imports it; that is
left out: a module of Node's is its own default export.
*/

/** Rewrites an unminified esbuild CommonJS bundle: `import_x = require("node:y")` goes, and what used `import_x` calls one function for all of node:y (in parentheses: `new (__node_y()).Z()`). */
export function requireBuiltinsLazily(code) {
	const declaration = /^(\s*)(?:var )?(import_[\w$]+) = (?:__toESM\()?require\("(node:[\w/]+)"\)(?:(?:, 1)?\))?;\n/gm;
	const modules = new Map();
	const undeclared = code.replaceAll(declaration, (_, _indent, name, module) => {
		modules.set(name, module);
		return '';
	});
	const used = undeclared.replaceAll(/\b(import_[\w$]+)(?:\.default\b|(?=[.[]))/g, (all, name) => (modules.has(name) ? `(${accessor(modules.get(name))}())` : all));
	const accessors = [...new Set(modules.values())].map(module => `const ${accessor(module)} = __lazily(() => require("${module}"));`);
	return `"use strict";
function __lazily(load) { let loaded; return () => loaded ??= load(); }
${accessors.join('\n')}
${used.replace(/^"use strict";\n/, '')}`;
}

function accessor(module) {
	return `__${module.replaceAll(/\W/g, '_')}`;
}

/**
Lists of a module's exports, made when somebody imports the module. esbuild makes those of all modules at the start, one property definition for each export: with 80 modules that is a
tenth of what a list of containers takes beyond Node's own start.
*/

/** Rewrites an unminified esbuild CommonJS bundle: `var x_exports = {}; __export(x_exports, {…})` becomes a function, and its uses call it. */
export function listExportsLazily(code) {
	const names = new Set();
	const declared = code.replaceAll(/^var (\w+_exports) = {};\n__export\(\1, ({\n[^]*?\n})\);$/gm, (_, name, members) => {
		names.add(name);
		return `var ${name} = __listed(() => (${members}));`;
	});
	const used = declared.replaceAll(/(?<!^var )\b\w+_exports\b/gm, name => (names.has(name) ? `${name}()` : name));
	const helper = 'function __listed(members) { let list; return () => list ??= (__export(list = {}, members()), list); }';
	return `${used}\n${helper}\n`; // A function is there from the first line, wherever it is declared
}

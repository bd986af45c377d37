/**
Data compiled at build time. Each entry is a module that exports `compile(root)` and writes its own output; there are none yet that need it.
*/
export async function compileDataModules() {}

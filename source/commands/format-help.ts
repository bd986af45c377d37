/** What the help of a listing verb says of --format. */
export const formatHelp = '\'table\' (default), \'table TEMPLATE\' with headings, \'json\', or a Go template';
/** The same for verbs that print one object. */
export const formatOneHelp = '\'json\' or a Go template';

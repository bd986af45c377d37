/**
Names: docker's rule, and random ones where none was given.
*/
import {EngineError} from '../errors.js';

const namePattern = /^[a-zA-Z\d][\w.-]+$/;
const maxNameLength = 255 - 32; // Of a file name, less what temporary names add

/** The name without docker's leading slash. Throws `invalidParameter` with docker's text. */
export function parseContainerName(unsafeName: string): string {
	const name = unsafeName.replace(/^\//, '');
	if (!namePattern.test(name) || name.length > maxNameLength) {
		throw new EngineError('invalidParameter', `Invalid container name (${unsafeName}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
	}

	return name;
}

/** True for what could be a container's name. */
export function isContainerName(name: string): boolean {
	return namePattern.test(name) && name.length <= maxNameLength;
}

/** `adjective_surname`; from the second try on with a number, so that it ends. */
export function randomName(attempt = 0): string {
	const pick = (words: readonly string[]) => words[randomBelow(words.length)]!;
	const name = `${pick(adjectives)}_${pick(surnames)}`;
	return attempt === 0 ? name : `${name}${randomBelow(10 ** Math.min(attempt, 9))}`;
}

/** Nobody has to be unable to guess a name. */
function randomBelow(limit: number): number {
	return Math.floor(Math.random() * limit);
}

const adjectives = `able agile amber ample apt ardent astute autumn balmy bold brave breezy bright brisk calm candid careful cheery civil
clear clever coastal cosy crisp curious daring deft dewy diligent eager early earnest easy electric elegant fair fearless fine firm fleet fluent fond frank
fresh gallant gentle glad golden graceful grand hardy hasty hearty honest hopeful humble jaunty jolly jovial keen kind lively loyal lucid lucky
mellow merry mild mindful modest neat nimble noble open patient placid plucky polite proud prudent quick quiet radiant ready robust rustic
salty sane serene sharp shiny silent sleek smooth snug sober solid spry stable steady stoic sturdy subtle sunny supple swift tender thrifty
tidal tidy tranquil trusty upbeat valiant vivid warm wary whole wise witty zany zesty`.split(/\s+/);

/** People of engineering, science and the sea. */
const surnames = `abel amundsen archimedes babbage banneker bartik beaufort bell bessel bohr boole bose bowditch brahe brunel cabot carson cauchy
cerf clarke cook copernicus coulomb cousteau curie dalton darwin davy dijkstra dirac drebbel earhart easley edison eiffel elion erdos ericsson euclid
euler faraday fermat fermi feynman fibonacci floyd fourier franklin fresnel fulton galileo galois gauss germain gilbreth goodall gutenberg halley hamilton
harrison hawking heisenberg hertz hodgkin hopper hubble humboldt huygens hypatia jacquard joule kalman kelvin kepler keller khorana knuth kovalevskaya
lamarr lagrange laplace leavitt leibniz liskov lovelace magellan marconi maxwell mayer mccarthy meitner mendel mendeleev mercator minsky mirzakhani
montgolfier nansen napier neumann newton nightingale nobel noether noyce oersted ohm pascal pasteur payne perlman planck plimsoll ptolemy ramanujan
ride ritchie roentgen rubin salk shannon sherlock sinoussi snell somerville stallman stokes stevin swartz tesla thales thompson torvalds turing
vaughan volta wallis watt wegener wescoff wiles wilkes wright wu yonath zuse`.split(/\s+/);

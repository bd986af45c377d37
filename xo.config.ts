import {type FlatXoConfig} from 'xo';

const off = (...rules: string[]) => Object.fromEntries(rules.map(rule => [rule, 'off' as const]));

const xoConfig: FlatXoConfig = [
	{ignores: ['dist', 'build', 'coverage', 'node_modules']},
	{
		rules: {
			...off(
				'@stylistic/curly-newline',
				'@stylistic/max-len',
				'@stylistic/object-curly-newline',
				'@stylistic/operator-linebreak',
				'@typescript-eslint/dot-notation', // Index signatures are read as records
				'@typescript-eslint/member-ordering',
				'@typescript-eslint/naming-convention', // Docker's JSON has its own
				'@typescript-eslint/no-restricted-types', // Docker's JSON has nulls; tar and sockets have Buffers
				'@typescript-eslint/no-unsafe-type-assertion', // Branding in parse functions
				'@typescript-eslint/no-empty-function',
				'ava/no-ignored-test-files', // Tests run compiled, from build/
				'capitalized-comments',
				'import-x/no-anonymous-default-export',
				'n/prefer-global/buffer',
				'no-await-in-loop',
				'no-bitwise', // Modes, flags and binary formats
				'react/react-in-jsx-scope',
				'require-unicode-regexp',
				'unicorn/no-process-exit',
				'unicorn/prevent-abbreviations',
			),
			'max-params': ['warn', 5],
		},
	},
];

export default xoConfig;

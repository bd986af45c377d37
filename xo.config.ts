import {type FlatXoConfig} from 'xo';

const off = (...rules: string[]) => Object.fromEntries(rules.map(rule => [rule, 'off' as const]));

const xoConfig: FlatXoConfig = [
	{ignores: ['dist', 'build', 'coverage', 'node_modules']},
	{
		rules: {
			...off(
				'@stylistic/array-element-newline',
				'@stylistic/curly-newline',
				'@stylistic/generator-star-spacing',
				'@stylistic/multiline-ternary',
				'@stylistic/no-mixed-operators',
				'@stylistic/yield-star-spacing',
				'@typescript-eslint/consistent-type-assertions',
				'@typescript-eslint/no-base-to-string',
				'@typescript-eslint/restrict-template-expressions',
				'@typescript-eslint/strict-void-return',
				'@typescript-eslint/prefer-nullish-coalescing', // Empty strings mean absent in Docker's JSON
				'ava/assertion-arguments',
				'ava/no-conditional-assertion',
				'ava/no-nested-assertions',
				'ava/no-useless-t-pass', // Skips found at run time pass with their reason logged
				'complexity',
				'n/prefer-global/process',
				'no-control-regex',
				'unicorn/better-regex',
				'unicorn/no-array-callback-reference',
				'unicorn/no-array-for-each',
				'unicorn/no-array-reduce',
				'unicorn/no-array-reverse', // Their copies need a newer Node
				'unicorn/no-array-sort',
				'unicorn/no-await-expression-member',
				'unicorn/no-nested-ternary',
				'unicorn/number-literal-case',
				'unicorn/prefer-code-point',
				'unicorn/prefer-string-raw',
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
			'@typescript-eslint/switch-exhaustiveness-check': ['error', {considerDefaultExhaustiveForUnions: true}],
			'max-params': ['warn', 5],
		},
	},
];

export default xoConfig;

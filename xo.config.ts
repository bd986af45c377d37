import {type FlatXoConfig} from 'xo';

const xoConfig: FlatXoConfig = [
	{ignores: ['dist', 'build', 'coverage', 'node_modules']},
	{
		rules: {
			'react/react-in-jsx-scope': 'off',
			'@typescript-eslint/naming-convention': 'off',
			'unicorn/prevent-abbreviations': 'off',
			'no-bitwise': 'off',
			'no-await-in-loop': 'off',
			'capitalized-comments': 'off',
			'max-params': ['warn', 4],
			'@stylistic/max-len': 'off',
			'@stylistic/object-curly-newline': 'off',
		},
	},
];

export default xoConfig;

/** Who one is at a registry (docker's AuthConfig). */
export type Credentials = {
	readonly username?: string;
	readonly password?: string;
	/** A token that stands for user and password; exchanged for access tokens. */
	readonly identityToken?: string;
	/** An access token to be sent as it is. */
	readonly registryToken?: string;
};

export const anonymous: Credentials = {};

export function isAnonymous({username, identityToken, registryToken}: Credentials): boolean {
	return !username && !identityToken && !registryToken;
}

/** Value of an Authorization header. */
export function basicAuthorization({username = '', password = ''}: Credentials): string {
	return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

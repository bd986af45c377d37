/**
Who asks, and what they may do.
*/
export type Action = 'pull' | 'push' | 'delete';

/** `known`: to be somebody, whoever that is; `catalog`: to see the names of repositories. */
export type Need = Action | 'known' | 'catalog';

export type Principal = {
	/** Undefined: nobody in particular. */
	readonly user: string | undefined;
	may(action: Action, repository: string): boolean;
	/** May read every repository there is: sees all names, and may take a blob without saying from where. */
	readonly readsAll: boolean;
};

/** For a registry without accounts. */
export const everybody: Principal = {user: undefined, may: () => true, readsAll: true};

/** Somebody without an account, where pulling needs none. */
export const guest: Principal = {user: undefined, may: action => action === 'pull', readsAll: false};

export function accountHolder(user: string): Principal {
	return {user, may: () => true, readsAll: true};
}

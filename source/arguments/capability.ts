/** `net_admin` → `CAP_NET_ADMIN`, as docker's command writes capabilities in its request; `all` is short for every one. */
export function capabilityName(text: string): string {
	const name = text.toUpperCase().trim();
	return name === 'ALL' || name.startsWith('CAP_') ? name : `CAP_${name}`;
}

/**
Figures in Prometheus' text form (exposition format 0.0.4).
*/
export type Observation = {
	readonly route: string;
	readonly method: string;
	readonly status: number;
	readonly seconds: number;
	readonly sentBytes: number;
	readonly receivedBytes: number;
};

export type Gauges = Readonly<Record<string, {readonly help: string; readonly value: number}>>;

export type Metrics = {
	started(): void;
	/** Once for each `started`. */
	finished(observation: Observation): void;
	count(name: 'notifications_dropped' | 'notification_failures' | 'upstream_failures' | 'upstream_fetches' | 'collections'): void;
	readonly inFlight: number;
	/** The page; `gauges` are read when it is asked for. */
	render(gauges: Gauges): string;
};

export const metricsMediaType = 'text/plain; version=0.0.4; charset=utf-8';

const bucketSeconds = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];
const knownMethods = new Set(['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE']);

const counterHelp: Readonly<Record<Parameters<Metrics['count']>[0], string>> = {
	notifications_dropped: 'Events dropped because their queue was full.',
	notification_failures: 'Failed deliveries of events; they are tried again.',
	upstream_failures: 'Questions the registry behind this one did not answer.',
	upstream_fetches: 'Manifests and blobs fetched from the registry behind this one.',
	collections: 'Collections of unused blobs.',
};

type Histogram = {readonly buckets: number[]; sum: number; count: number};

export function registryMetrics(): Metrics {
	const requests = new Map<string, number>();
	const durations = new Map<string, Histogram>();
	const counters = new Map<string, number>();
	const bytes = {sent: 0, received: 0};
	let inFlight = 0;

	function observe(route: string, seconds: number): void {
		let histogram = durations.get(route);
		if (histogram === undefined) {
			histogram = {buckets: bucketSeconds.map(() => 0), sum: 0, count: 0};
			durations.set(route, histogram);
		}

		histogram.count++;
		histogram.sum += seconds;
		for (const [index, limit] of bucketSeconds.entries()) {
			histogram.buckets[index]! += seconds <= limit ? 1 : 0;
		}
	}

	return {
		get inFlight() {
			return inFlight;
		},
		started() {
			inFlight++;
		},
		finished({route, method, status, seconds, sentBytes, receivedBytes}) {
			inFlight--;
			const key = `{route="${route}",method="${knownMethods.has(method) ? method : 'other'}",code="${status}"}`;
			requests.set(key, (requests.get(key) ?? 0) + 1);
			bytes.sent += sentBytes;
			bytes.received += receivedBytes;
			observe(route, seconds);
		},
		count(name) {
			counters.set(name, (counters.get(name) ?? 0) + 1);
		},
		render(gauges) {
			const family = (name: string, kind: string, help: string, lines: readonly string[]) => [`# HELP tug_registry_${name} ${help}`, `# TYPE tug_registry_${name} ${kind}`, ...lines.map(line => `tug_registry_${line}`)];
			return [
				...family('http_requests_total', 'counter', 'Requests answered.', [...requests].map(([key, value]) => `http_requests_total${key} ${value}`)),
				...family('http_request_duration_seconds', 'histogram', 'Time from the head of a request to the end of its reply.', [...durations].flatMap(([route, histogram]) => histogramLines(route, histogram))),
				...family('http_requests_in_flight', 'gauge', 'Requests being answered.', [`http_requests_in_flight ${inFlight}`]),
				...family('sent_bytes_total', 'counter', 'Bytes of bodies sent.', [`sent_bytes_total ${bytes.sent}`]),
				...family('received_bytes_total', 'counter', 'Bytes of bodies received.', [`received_bytes_total ${bytes.received}`]),
				...Object.entries(counterHelp).flatMap(([name, help]) => family(`${name}_total`, 'counter', help, [`${name}_total ${counters.get(name) ?? 0}`])),
				...Object.entries(gauges).flatMap(([name, {help, value}]) => family(name, 'gauge', help, [`${name} ${value}`])),
				'',
			].join('\n');
		},
	};
}

function histogramLines(route: string, {buckets, sum, count}: Histogram): string[] {
	const name = 'http_request_duration_seconds';
	return [
		...buckets.map((value, index) => `${name}_bucket{route="${route}",le="${bucketSeconds[index]!}"} ${value}`),
		`${name}_bucket{route="${route}",le="+Inf"} ${count}`,
		`${name}_sum{route="${route}"} ${sum}`,
		`${name}_count{route="${route}"} ${count}`,
	];
}

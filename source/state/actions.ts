/** All that can happen, in one union: keys turned into intentions, and answers and events of the engine. */
import type {Container, EngineSummary, Image, Layer, LogLine, Message, PaneId, Problem, Size, Verb} from './app-state.js';

export type Action =
	// The person
	| {readonly type: 'moved'; readonly by: number}
	| {readonly type: 'movedTo'; readonly end: 'first' | 'last'}
	| {readonly type: 'movedByPage'; readonly pages: number}
	| {readonly type: 'scrolledSideways'; readonly by: number}
	| {readonly type: 'pressed'; readonly x: number; readonly y: number}
	| {readonly type: 'wheeled'; readonly x: number; readonly y: number; readonly by: number}
	| {readonly type: 'focused'; readonly pane: PaneId}
	| {readonly type: 'focusCycled'; readonly by: 1 | -1}
	| {readonly type: 'entered'}
	| {readonly type: 'leftBack'}
	| {readonly type: 'zoomToggled'}
	| {readonly type: 'filterOpened'}
	| {readonly type: 'filterChanged'; readonly text: string}
	| {readonly type: 'filterClosed'; readonly keep: boolean}
	| {readonly type: 'helpToggled'}
	| {readonly type: 'noticesToggled'}
	| {readonly type: 'overlayClosed'}
	| {readonly type: 'followToggled'}
	| {readonly type: 'wrapToggled'}
	| {readonly type: 'timestampsToggled'}
	| {readonly type: 'themeCycled'}
	| {readonly type: 'mouseToggled'}
	// Intentions that an effect carries out
	| {readonly type: 'verbRequested'; readonly verb: Verb; readonly id: string}
	| {readonly type: 'removalAsked'; readonly target: 'container' | 'image'; readonly id: string; readonly name: string}
	| {readonly type: 'removalConfirmed'; readonly target: 'container' | 'image'; readonly id: string}
	| {readonly type: 'shellRequested'; readonly id: string}
	| {readonly type: 'copyRequested'; readonly text: string; readonly what: string}
	| {readonly type: 'demoRequested'}
	| {readonly type: 'registryToggled'}
	| {readonly type: 'refreshRequested'}
	| {readonly type: 'stopRequested'}
	| {readonly type: 'quitRequested'}
	// The terminal and the clock
	| {readonly type: 'resized'; readonly size: Size}
	| {readonly type: 'ticked'; readonly nowMs: number}
	| {readonly type: 'themeChanged'; readonly name: string}
	// The engine
	| {readonly type: 'engineLoaded'; readonly engine: EngineSummary}
	| {readonly type: 'containersLoaded'; readonly containers: readonly Container[]; readonly nowMs: number}
	| {readonly type: 'containersChanged'; readonly changed: readonly Container[]; readonly gone: readonly string[]; readonly nowMs: number}
	| {readonly type: 'containersFailed'; readonly problem: Problem}
	| {readonly type: 'imagesLoaded'; readonly images: readonly Image[]}
	| {readonly type: 'imagesFailed'; readonly problem: Problem}
	| {readonly type: 'layersAsked'; readonly imageId: string | undefined}
	| {readonly type: 'layersLoaded'; readonly imageId: string; readonly layers: readonly Layer[]}
	| {readonly type: 'layersFailed'; readonly imageId: string; readonly problem: Problem}
	| {readonly type: 'logsOpened'; readonly containerId: string | undefined}
	| {readonly type: 'logsAppended'; readonly containerId: string; readonly lines: readonly LogLine[]; readonly skipped: number}
	| {readonly type: 'logsEnded'; readonly containerId: string}
	| {readonly type: 'logsFailed'; readonly containerId: string; readonly problem: Problem}
	| {readonly type: 'verbFinished'; readonly id: string; readonly problem?: Problem; readonly message: string}
	| {readonly type: 'demoFinished'; readonly problem?: Problem}
	| {readonly type: 'registryChanged'; readonly url: string | undefined; readonly problem?: Problem}
	| {readonly type: 'messageShown'; readonly tone: Message['tone']; readonly text: string; readonly hint?: string}
	| {readonly type: 'messageExpired'; readonly number: number};

import type {AppState} from '../state/app-state.js';
import type {PanePlace} from '../state/layout.js';

export type ViewProps = {readonly state: AppState; readonly place: PanePlace};

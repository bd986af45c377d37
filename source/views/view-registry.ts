/** The view of each pane: a pane without one does not compile. */
import type {ReactNode} from 'react';
import type {PaneId} from '../state/app-state.js';
import {ContainersView} from './containers-view.js';
import {ImagesView} from './images-view.js';
import {LayersView} from './layers-view.js';
import {LogsView} from './logs-view.js';
import type {ViewProps} from './view-props.js';

export const views: Readonly<Record<PaneId, (props: ViewProps) => ReactNode>> = {
	containers: ContainersView,
	images: ImagesView,
	layers: LayersView,
	logs: LogsView,
};

/** The screen of a terminal emulator as an SVG: text as text, lines and blocks as shapes, so that no gaps show between cells. */

const cell = {width: 9, height: 19};
const margin = 14;
const titleBar = 34;
const colours = {background: '#11161d', frame: '#1b222c', text: '#d5dbe3', title: '#7d8794'};
const basic = ['#1b222c', '#f07178', '#98c379', '#e5c07b', '#61afef', '#c792ea', '#56b6c2', '#d5dbe3', '#6b7684', '#ff8b92', '#b5e08d', '#ffd898', '#83c9ff', '#ddb3ff', '#7fe0ea', '#ffffff'];
const steps = [0, 95, 135, 175, 215, 255];

export function screenSvg(terminal, {title = 'tug'} = {}) {
	const {cols, rows} = terminal;
	const width = cols * cell.width + 2 * margin;
	const height = rows * cell.height + margin + titleBar;
	const body = Array.from({length: rows}, (_, y) => rowShapes(terminal, y)).join('');
	const dots = ['#f07178', '#e5c07b', '#98c379'].map((colour, index) => `<circle cx="${20 + index * 20}" cy="${titleBar / 2}" r="6" fill="${colour}"/>`).join('');
	return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="${width}" height="${height}" rx="10" fill="${colours.background}"/>
<path d="M0 ${titleBar}V10a10 10 0 0 1 10-10h${width - 20}a10 10 0 0 1 10 10v${titleBar - 10}z" fill="${colours.frame}"/>
${dots}<g font-family="'DejaVu Sans Mono','Menlo','Consolas','Liberation Mono',monospace" font-size="15" xml:space="preserve">
<text x="${width / 2}" y="${titleBar / 2 + 5}" text-anchor="middle" font-size="13" fill="${colours.title}">${title}</text>
<g transform="translate(${margin} ${titleBar + margin / 2})">${body}</g></g>
</svg>
`;
}

function rowShapes(terminal, y) {
	const line = terminal.buffer.active.getLine(y);
	const runs = [];
	for (let x = 0; x < terminal.cols; x++) {
		const content = line.getCell(x);
		if (content.getWidth() === 0) {
			continue;
		}

		const style = styleOf(content);
		const text = content.getChars() || ' ';
		const shape = shapeOf(text);
		const last = runs.at(-1);
		if (last !== undefined && shape === undefined && last.shape === undefined && last.key === style.key && last.x + last.columns === x) {
			last.text += text;
			last.columns += content.getWidth();
		} else {
			runs.push({...style, x, columns: content.getWidth(), text, shape});
		}
	}

	return runs.map(run => backgroundOf(run, y)).join('') + runs.map(run => (run.shape === undefined ? textOf(run, y) : shapeAt(run, y))).join('');
}

function styleOf(content) {
	const inverse = content.isInverse() !== 0;
	const own = {
		foreground: content.isFgDefault() ? colours.text : colourOf(content.getFgColor(), content.isFgRGB()),
		background: content.isBgDefault() ? undefined : colourOf(content.getBgColor(), content.isBgRGB()),
	};
	const foreground = inverse ? (own.background ?? colours.background) : own.foreground;
	const background = inverse ? own.foreground : own.background;
	const bold = content.isBold() !== 0;
	const dim = content.isDim() !== 0;
	return {foreground, background, bold, dim, key: `${foreground} ${background} ${bold} ${dim}`};
}

function colourOf(value, isRgb) {
	if (isRgb) {
		return `#${value.toString(16).padStart(6, '0')}`;
	}

	if (value < 16) {
		return basic[value];
	}

	const channels = value >= 232
		? [0, 0, 0].map(() => 8 + 10 * (value - 232))
		: [Math.trunc((value - 16) / 36), Math.trunc((value - 16) / 6) % 6, (value - 16) % 6].map(step => steps[step]);
	return `#${channels.map(channel => channel.toString(16).padStart(2, '0')).join('')}`;
}

function backgroundOf({background, x, columns}, y) {
	return background === undefined ? '' : `<rect x="${x * cell.width}" y="${y * cell.height}" width="${columns * cell.width}" height="${cell.height}" fill="${background}"/>`;
}

function textOf({text, x, foreground, bold, dim}, y) {
	const lead = text.length - text.trimStart().length;
	const shown = text.trim();
	if (shown === '') {
		return '';
	}

	const escaped = shown.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
	const place = `x="${(x + lead) * cell.width}" y="${y * cell.height + 14}" textLength="${shown.length * cell.width}"`;
	return `<text ${place} fill="${foreground}"${bold ? ' font-weight="bold"' : ''}${dim ? ' opacity="0.6"' : ''}>${escaped}</text>`;
}

/** Box drawing and blocks as paths within a cell of 9 by 19. */
function shapeOf(character) {
	const [middleX, middleY] = [cell.width / 2, cell.height / 2];
	const curve = 4.5;
	switch (character) {
		case '─': {
			return `M0 ${middleY}H${cell.width}`;
		}

		case '│': {
			return `M${middleX} 0V${cell.height}`;
		}

		case '╭': {
			return `M${cell.width} ${middleY}Q${middleX} ${middleY} ${middleX} ${middleY + curve}V${cell.height}`;
		}

		case '╮': {
			return `M0 ${middleY}Q${middleX} ${middleY} ${middleX} ${middleY + curve}V${cell.height}`;
		}

		case '╰': {
			return `M${cell.width} ${middleY}Q${middleX} ${middleY} ${middleX} ${middleY - curve}V0`;
		}

		case '╯': {
			return `M0 ${middleY}Q${middleX} ${middleY} ${middleX} ${middleY - curve}V0`;
		}

		case '┃': {
			return {x: middleX - 1.2, width: 2.4};
		}

		case '▌': {
			return {x: 0, width: cell.width / 2};
		}

		default: {
			return undefined;
		}
	}
}

function shapeAt({shape, x, foreground}, y) {
	const [left, top] = [x * cell.width, y * cell.height];
	return typeof shape === 'string'
		? `<path transform="translate(${left} ${top})" d="${shape}" fill="none" stroke="${foreground}" stroke-width="1.2"/>`
		: `<rect x="${left + shape.x}" y="${top}" width="${shape.width}" height="${cell.height}" fill="${foreground}"/>`;
}

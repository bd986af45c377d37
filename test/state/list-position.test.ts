import test from 'ava';
import {selectIndex, settle} from '../../source/state/list-position.js';

const position = {selectedId: 'b', selectedIndex: 1, offset: 0, filter: ''};

test('settled positions are the same object', t => {
	t.is(settle(position, ['a', 'b', 'c'], 10), position);
});

test('the chosen row is brought into sight, moving no more than needed', t => {
	const ids = Array.from({length: 30}, (_, index) => `row${index}`);
	t.is(settle({...position, selectedId: 'row20'}, ids, 10).offset, 11);
	t.is(settle({...position, selectedId: 'row20', offset: 15}, ids, 10).offset, 15);
	t.is(settle({...position, selectedId: 'row3', offset: 15}, ids, 10).offset, 3);
	t.is(settle({...position, selectedId: 'row29', offset: 29}, ids, 10).offset, 20);
});

test('an empty list keeps what was chosen, in case it comes back', t => {
	t.like(settle(position, [], 10), {selectedId: 'b'});
});

test('choosing stays within the list', t => {
	t.like(selectIndex(position, ['a', 'b'], 9), {selectedId: 'b', selectedIndex: 1});
	t.like(selectIndex(position, ['a', 'b'], -9), {selectedId: 'a', selectedIndex: 0});
	t.is(selectIndex(position, [], 0), position);
});

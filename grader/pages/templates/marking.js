/** The marking page: what its keys and buttons do. */
(() => {
  const sheet = JSON.parse(find('sheet').textContent);

  const storage = (() => {
    try {
      localStorage.setItem('grader-marking-try', '1');
      localStorage.removeItem('grader-marking-try');
      return localStorage;
    } catch {
      return null;
    }
  })();

  const drafts = new Drafts(sheet, storage);
  const deck = new Deck(drafts);
  let editing = null; // the comment item whose form is open

  // ---------------------------------------------------------------- answers

  /** Shows a card. @param {boolean} focus whether the keyboard goes there too */
  const go = (index, focus) => {
    if (index < 0 || index >= deck.cards.length) {
      board.say(index < 0 ? 'This is the first answer.' : 'This is the last answer.');
      return;
    }
    deck.place = index;
    drafts.current = deck.keys[0];
    drafts.save();
    closeForm();
    board.card();
    find('jump').value = String(index);
    if (focus) find('card').focus({preventScroll: true});
    const {top} = find('card').getBoundingClientRect();
    if (top < 0 || top > window.innerHeight / 2) find('card').scrollIntoView();
    board.say(`Answer ${index + 1} of ${deck.cards.length}, ${board.told()}.`);
  };

  const visit = (key) => {
    find('criterion').value = '';
    drafts.current = key;
    board.refresh();
    find('card').focus();
  };

  const nextOpen = (focus) => {
    const next = deck.nextOpen;
    if (next === undefined) board.say('Every answer is marked.');
    else go(next, focus);
  };

  const split = () => {
    const {twins, answer: {like}} = deck;
    if (deck.keys.length > 1) drafts.apart.add(like);
    else if (deck.agree(twins)) drafts.apart.delete(like);
    else {
      board.say('They have different marks: make these equal first.');
      return;
    }
    drafts.save();
    board.refresh();
    board.saved(deck.keys.length > 1 ? 'Marked together.' : 'Marked apart.');
  };

  const view = (which) => {
    drafts.view = which;
    drafts.save();
    board.parts();
    board.say(which === 'typed' ? 'Shown as typed.' : 'Shown as Markdown.');
  };

  // ---------------------------------------------------------------- points

  const setPoints = (points) => {
    const {max} = deck.criterion;
    if (points > max) {
      board.say(`There are ${MarksCsv.shown(max)} points only. Nothing was changed.`);
      return;
    }
    drafts.change(deck.keys, () => ({direct: points}));
    board.changed('Marked:');
  };

  /** Takes what stands in the field; false where it is no number of points. */
  const typePoints = () => {
    const {points, problem} = MarksCsv.points(find('points').value, deck.criterion.max);
    if (problem) {
      find('points').setAttribute('aria-invalid', 'true');
      board.say(`${problem}. Nothing was changed.`);
      return false;
    }
    if (points === deck.mark.points) return true;
    if (points === null) clear();
    else setPoints(points);
    return true;
  };

  const clear = () => {
    drafts.clear(deck.keys);
    board.changed('Taken away:');
  };

  const toggle = (index) => {
    const item = drafts.itemsOf(deck.criterion.id)[index];
    if (!item) {
      board.say(`There is no comment item ${index + 1}.`);
      return;
    }
    drafts.toggle(deck.keys, item);
    board.changed(`${deck.draft.items.includes(item.id) ? 'With' : 'Without'} “${item.text}”:`);
  };

  const digit = (value) => {
    if (drafts.numbers === 'points' || value === 0) setPoints(value);
    else toggle(value - 1);
  };

  const numbers = (which) => {
    drafts.numbers = which;
    drafts.save();
    board.items();
    board.say(which === 'items' ? 'Number keys apply comment items.' : 'Number keys set points.');
  };

  const markBlank = () => {
    const all = drafts.blank();
    drafts.change(all, () => ({direct: 0, items: []}));
    board.refresh();
    board.saved(`${all.length} blank answers: 0 points.`);
  };

  // ---------------------------------------------------------------- comment items

  const closeForm = () => {
    editing = null;
    find('item-form').reset();
    find('item-save').textContent = 'Add';
    find('item-cancel').hidden = true;
  };

  const editItem = (item) => {
    editing = item;
    find('item-points').value = String(item.points);
    find('item-text').value = item.text;
    find('item-save').textContent = 'Save';
    find('item-cancel').hidden = false;
    find('item-text').focus();
  };

  const removeItem = (item) => {
    const many = drafts.removeItem(deck.criterion.id, item.id);
    closeForm();
    board.changed('');
    board.saved(`Deleted “${item.text}”. ${many} answers keep its points and words.`);
    find('item-text').focus();
  };

  const saveItem = () => {
    const written = find('item-points').value.trim().replace('−', '-');
    const {points, problem} = MarksCsv.points(written.replace(/^[+-]\s*/, '') || '0', 1000);
    const words = find('item-text').value.trim();
    if (problem || !words) {
      board.say(problem ? `${problem}. Nothing was changed.` : 'A comment item needs words.');
      return;
    }
    const worth = written.startsWith('-') && points ? -points : points;
    const {id} = deck.criterion;
    const first = drafts.itemsOf(id).length === 0;
    if (editing) drafts.editItem(id, editing.id, worth, words);
    else drafts.addItem(id, worth, words);
    if (first) drafts.numbers = 'items';
    drafts.save();
    closeForm();
    board.changed('');
    board.saved(`Comment item “${words}”.${first ? ' Number keys apply comment items now.' : ''}`);
    find('item-text').focus();
  };

  // ---------------------------------------------------------------- files

  const exportMarks = () => {
    if (sheet.answers.length && !typePoints()) return;
    drafts.marker = find('marker').value;
    if (!drafts.marker.trim()) {
      board.say('Say who marks first: the file has to tell.');
      find('marker').focus();
      return;
    }
    const rows = drafts.rows();
    const file = new Blob([MarksCsv.write(rows)], {type: 'text/csv'});
    const link = make('a', '', {href: URL.createObjectURL(file), download: 'marks.csv'});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    drafts.noteExport();
    board.progress();
    board.say(`${rows.length} rows went into marks.csv.`);
  };

  const importMarks = async (files) => {
    const lines = [];
    for (const file of files) {
      const {rows, problem} = MarksCsv.read(await file.text());
      if (problem) {
        lines.push(`${file.name} ${problem}.`);
        continue;
      }
      const {taken, same, conflicts, unknown, problems} = drafts.merge(rows);
      lines.push(`${file.name}: ${taken} taken, ${same} the same, ${conflicts} in conflict, `
        + `${unknown} of answers that are not here.`);
      lines.push(...problems.map((one) => `${file.name}, ${one}.`));
    }
    find('imported').replaceChildren(...lines.map((line) => make('li', line)));
    find('import').value = '';
    board.refresh();
    board.say(lines.join(' '));
    if (drafts.conflicts.length) find('conflicting').focus();
  };

  const settle = (conflict, theirs) => {
    drafts.settle(conflict, theirs);
    board.refresh();
    board.saved(theirs ? 'Took the mark of the file.' : 'Kept the mark of this page.');
    (find('conflicts').querySelector('button') ?? find('card')).focus();
  };

  const settleAll = (theirs) => {
    for (const conflict of [...drafts.conflicts]) drafts.settle(conflict, theirs);
    board.refresh();
    board.saved(theirs ? 'Took every mark of the file.' : 'Kept every mark of this page.');
    find('card').focus();
  };

  // ---------------------------------------------------------------- keys

  const KEYS = {
    j: () => go(deck.place + 1, true), ArrowRight: () => go(deck.place + 1, true),
    k: () => go(deck.place - 1, true), ArrowLeft: () => go(deck.place - 1, true),
    u: () => nextOpen(true), Enter: () => nextOpen(true),
    c: () => find('comment').focus(),
    p: () => find('points').select(),
    n: () => find('item-text').focus(),
    v: () => view(drafts.view === 'typed' ? 'rendered' : 'typed'),
    x: clear,
    e: exportMarks,
    '#': () => numbers(drafts.numbers === 'items' ? 'points' : 'items'),
    '?': () => find('help').showModal(),
  };
  const FIELD = 'input:not([type=radio], [type=checkbox]), textarea, select';

  /** In a field letters are letters; Escape leaves it, and some ways on from there. */
  const inField = (event) => {
    const points = event.target.id === 'points';
    const onward = event.key === 'Enter' && (points || event.ctrlKey || event.metaKey);
    if (!onward && event.key !== 'Escape') return;
    event.preventDefault();
    if (event.key === 'Escape') find('card').focus();
    else if (!points || typePoints()) nextOpen(true);
  };

  const pressed = (event) => {
    const {key, target} = event;
    if (find('help').open || event.isComposing || !deck.cards.length) return;
    if (target.matches(FIELD)) {
      inField(event);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !drafts.shortcuts) return;
    // A button takes Enter for itself, a choice the arrows.
    if (key === 'Enter' && target.closest('button, summary, input')) return;
    if (key.startsWith('Arrow') && target.matches('input')) return;
    const action = /^[0-9]$/.test(key) ? () => digit(Number(key)) : Object.hasOwn(KEYS, key) && KEYS[key];
    if (!action) return;
    event.preventDefault();
    if (!event.repeat || /^(j|k|Arrow.*)$/.test(key)) action();
  };

  // ---------------------------------------------------------------- beginning

  const board = new Board(deck, {editItem, removeItem, setPoints, settle, toggle, visit});
  const on = (id, action, kind = 'click') => find(id).addEventListener(kind, action);

  document.addEventListener('keydown', pressed);
  on('previous', () => go(deck.place - 1, false));
  on('next', () => go(deck.place + 1, false));
  on('open', () => nextOpen(false));
  on('jump', () => go(Number(find('jump').value), false), 'change');
  on('criterion', () => board.refresh(), 'change');
  on('split', split);
  on('typed', () => view('typed'));
  on('rendered', () => view('rendered'));
  on('points', typePoints, 'change');
  on('clear', clear);
  on('blank', markBlank);
  on('comment', () => {
    drafts.change(deck.keys, () => ({comment: find('comment').value}));
    board.progress();
  }, 'input');
  on('comment', () => board.saved('Comment kept.'), 'change');
  on('item-form', (event) => { event.preventDefault(); saveItem(); }, 'submit');
  on('item-cancel', closeForm);
  on('marker', () => { drafts.marker = find('marker').value; drafts.save(); }, 'input');
  on('export', exportMarks);
  on('import-button', () => find('import').click());
  on('import', () => importMarks([...find('import').files]), 'change');
  on('mine', () => settleAll(false));
  on('theirs', () => settleAll(true));
  on('help-button', () => find('help').showModal());
  on('help-close', () => find('help').close());
  on('shortcuts', () => { drafts.shortcuts = find('shortcuts').checked; drafts.save(); }, 'change');
  for (const one of document.getElementsByName('numbers')) {
    one.addEventListener('change', () => numbers(one.value));
  }
  window.addEventListener('beforeunload', (event) => {
    if (sheet.answers.length) typePoints(); // what stands in the field and was not entered yet
    if (drafts.unsaved().length) event.preventDefault();
  });
  window.addEventListener('storage', (event) => { // another tab of this page
    if (event.key !== drafts.name) return;
    const {current} = drafts;
    drafts.load();
    drafts.current = current;
    board.refresh();
  });

  find('marker').value = drafts.marker;
  find('shortcuts').checked = drafts.shortcuts;
  find('criterion').append(...sheet.criteria.map(({title}, index) => new Option(title, String(index))));
  find('choice').hidden = sheet.criteria.length < 2;
  find('nothing').hidden = sheet.answers.length > 0;
  find('work').hidden = sheet.answers.length === 0;
  board.refresh();
})();

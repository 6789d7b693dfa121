/**
 * What has been decided in this page so far, kept in the browser from one visit to the next.
 *
 * @typedef {{id: string, points: number, text: string}} CommentItem
 * @typedef {{direct: (number|null), items: string[], comment: string, by: string, at: string}} Draft
 * @typedef {{points: (number|null), comment: string, by: string, at: string}} Mark
 */
class Drafts {
  /** @param {Object} sheet what the page was made with @param {?Storage} storage */
  constructor(sheet, storage) {
    this.sheet = sheet;
    this.storage = storage;
    this.name = `grader-marking-${sheet.digest}`;
    this.failed = storage === null;
    this.answers = new Map(sheet.answers.map((answer) => [answer.key, answer]));
    this.load();
  }

  /** Takes what the browser has kept; what cannot be read is put aside, not overwritten. */
  load() {
    let kept = null;
    try {
      const text = this.storage?.getItem(this.name) ?? null;
      try {
        kept = JSON.parse(text ?? 'null');
      } catch {
        this.storage.setItem(`${this.name}-damaged`, text);
      }
    } catch {
      this.failed = true;
    }
    // Without a prototype: a criterion may be called anything.
    const table = (value) => Object.assign(Object.create(null), value);
    const list = (value) => (Array.isArray(value) ? value : []);
    const sound = ([, draft]) => Array.isArray(draft?.items) && typeof draft.comment === 'string';
    this.marker = typeof kept?.marker === 'string' ? kept.marker : this.sheet.marker;
    this.numbers = kept?.numbers === 'items' ? 'items' : 'points';
    this.view = kept?.view === 'rendered' ? 'rendered' : 'typed';
    this.shortcuts = kept?.shortcuts !== false;
    this.current = typeof kept?.current === 'string' ? kept.current : '';
    this.items = table(kept?.items);
    this.drafts = table(Object.fromEntries(Object.entries(kept?.drafts ?? {}).filter(sound)));
    this.exported = table(kept?.exported);
    this.apart = new Set(list(kept?.apart));
    this.conflicts = list(kept?.conflicts).filter((one) => this.answers.has(one.key));
  }

  /** Keeps everything; says whether the browser took it. */
  save() {
    const {marker, numbers, view, shortcuts, current, items, drafts, exported, conflicts} = this;
    const all = {marker, numbers, view, shortcuts, current, items, drafts, exported, conflicts};
    try {
      this.storage.setItem(this.name, JSON.stringify({...all, apart: [...this.apart]}));
      this.failed = false;
    } catch {
      this.failed = true;
    }
    return !this.failed;
  }

  /** @returns {CommentItem[]} the comment items of a criterion, in order of their number keys */
  itemsOf(criterion) {
    return this.items[criterion] ?? [];
  }

  worth(answer) {
    return this.sheet.criteria[answer.criterion];
  }

  /** The draft of an answer; begins with the mark given before. @returns {Draft} */
  draft(key) {
    const given = this.answers.get(key).given;
    const fresh = {direct: given?.points ?? null, items: [], comment: given?.comment ?? '', by: '', at: ''};
    return this.drafts[key] ?? fresh;
  }

  /** @returns {Mark} what holds for an answer now */
  mark(key) {
    const answer = this.answers.get(key);
    const draft = this.drafts[key];
    if (!draft) return answer.given ?? {points: null, comment: '', by: '', at: ''};
    const criterion = this.worth(answer);
    const used = this.itemsOf(criterion.id).filter((item) => draft.items.includes(item.id));
    const sum = used.reduce((total, item) => total + item.points, 0);
    const summed = used.length ? Math.min(Math.max(Math.round(sum * 100) / 100, 0), criterion.max) : null;
    const comment = [...used.map((item) => item.text), draft.comment.trim()].filter(Boolean).join('\n');
    const points = draft.direct ?? summed ?? answer.given?.points ?? null;
    return {points, comment, by: draft.by, at: draft.at};
  }

  /** The mark in one string, to compare it. */
  told(key) {
    const {points, comment} = this.mark(key);
    return JSON.stringify([points, comment]);
  }

  /** Whether the page holds something about an answer that was not given before. */
  changed(key) {
    const {points, comment} = this.answers.get(key).given ?? {points: null, comment: ''};
    return key in this.drafts && this.told(key) !== JSON.stringify([points, comment]);
  }

  /** Keys with a mark or comment that is in no exported file yet. */
  unsaved() {
    return [...this.answers.keys()].filter(
      (key) => this.changed(key) && this.exported[key] !== this.told(key));
  }

  marked() {
    return [...this.answers.keys()].filter((key) => this.mark(key).points !== null).length;
  }

  /** Keys of blank answers that are not marked. */
  blank() {
    return this.sheet.answers
      .filter(({blank, key}) => blank && this.mark(key).points === null)
      .map(({key}) => key);
  }

  /** Changes drafts alike. @param {string[]} keys @param {function(Draft): Object} change */
  change(keys, change) {
    const at = new Date().toISOString();
    for (const key of keys) {
      const draft = this.draft(key);
      this.drafts[key] = {...draft, ...change(draft), by: this.marker.trim(), at};
    }
    return this.save();
  }

  /** Takes points and items away; a mark that was given before holds again. */
  clear(keys) {
    for (const key of keys.filter((one) => this.answers.get(one).given)) delete this.drafts[key];
    const others = keys.filter((one) => !this.answers.get(one).given);
    return this.change(others, () => ({direct: null, items: []}));
  }

  /** Puts an item on answers or takes it off; the items then decide the points. */
  toggle(keys, item) {
    const on = !this.draft(keys[0]).items.includes(item.id);
    return this.change(keys, ({items}) => {
      const others = items.filter((id) => id !== item.id);
      return {direct: null, items: on ? [...others, item.id] : others};
    });
  }

  addItem(criterion, points, text) {
    const id = Date.now().toString(36) + Math.random().toString(36).slice(2);
    const item = {id, points, text};
    this.items[criterion] = [...this.itemsOf(criterion), item];
    return this.save();
  }

  /** Keys of answers that have an item. */
  using(id) {
    return [...this.answers.keys()].filter((key) => this.drafts[key]?.items.includes(id));
  }

  editItem(criterion, id, points, text) {
    this.items[criterion] = this.itemsOf(criterion).map(
      (item) => (item.id === id ? {id, points, text} : item));
    return this.change(this.using(id), () => ({}));
  }

  /** Answers that have the item keep its points and words. */
  removeItem(criterion, id) {
    const keys = this.using(id);
    const kept = new Map(keys.map((key) => [key, this.mark(key)]));
    for (const key of keys) {
      this.drafts[key] = {...this.drafts[key], direct: kept.get(key).points, items: [],
        comment: kept.get(key).comment};
    }
    this.items[criterion] = this.itemsOf(criterion).filter((item) => item.id !== id);
    this.save();
    return keys.length;
  }

  /** The rows of a file with all that was decided here. @returns {Row[]} */
  rows() {
    return [...this.answers.values()].filter(({key}) => this.changed(key)).map((answer) => {
      const {id, definition} = this.worth(answer);
      const mark = this.mark(answer.key);
      return {key: answer.key, criterion: id, definition, points: mark.points,
        comment: mark.comment, by: mark.by || this.marker.trim(), at: mark.at};
    });
  }

  /** Remembers that these rows are in a file. */
  noteExport() {
    for (const key of this.unsaved()) this.exported[key] = this.told(key);
    this.save();
  }

  /**
   * Takes the rows of a file. What says otherwise than this page becomes a conflict.
   * @returns {{taken: number, same: number, unknown: number, conflicts: number, problems: string[]}}
   */
  merge(rows) {
    const result = {taken: 0, same: 0, unknown: 0, conflicts: 0, problems: []};
    for (const row of rows) {
      const answer = this.answers.get(row.key);
      if (!answer) { result.unknown += 1; continue; }
      const criterion = this.worth(answer);
      const {points, problem} = MarksCsv.points(row.points, criterion.max);
      const stale = row.definition.replace(/^d-/, '') !== criterion.definition;
      const other = row.criterion && row.criterion !== criterion.id;
      const wrong = problem
        || (other && 'belongs to another criterion')
        || (stale && 'stale: its criterion has changed since it was marked');
      if (wrong) { result.problems.push(`line ${row.line}: ${wrong}`); continue; }
      const comment = row.comment.replaceAll('\r\n', '\n');
      const theirs = {key: row.key, points, comment, by: row.by, at: row.at};
      result[this.weigh(theirs)] += 1;
    }
    this.save();
    return result;
  }

  /** What becomes of another's mark: `taken`, `same` or `conflicts`. */
  weigh(theirs) {
    const mine = this.mark(theirs.key);
    const alike = mine.points === theirs.points && mine.comment === theirs.comment;
    const nothing = theirs.points === null && (mine.points !== null || !theirs.comment);
    if (alike || nothing) return 'same';
    if (mine.points === null && !mine.comment) { this.take(theirs); return 'taken'; }
    const listed = this.conflicts.some((one) => JSON.stringify(one) === JSON.stringify(theirs));
    if (!listed) this.conflicts.push(theirs);
    return 'conflicts';
  }

  take({key, points, comment, by, at}) {
    this.drafts[key] = {direct: points, items: [], comment, by, at};
    this.exported[key] = this.told(key); // it came from a file
  }

  /** Settles a conflict. @param {boolean} theirs whether the file's mark is taken */
  settle(conflict, theirs) {
    if (theirs) this.take(conflict);
    delete this.exported[conflict.key]; // chosen here, so no file has it
    this.conflicts = this.conflicts.filter((one) => one !== conflict);
    return this.save();
  }
}

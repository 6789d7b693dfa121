/** What is looked at: cards of identical answers, and the elements that show one of them. */

/** Cards in order, and the one that is looked at. */
class Deck {
  /** @param {Drafts} drafts */
  constructor(drafts) {
    this.drafts = drafts;
    this.groups = new Map();
    for (const {key, like} of drafts.sheet.answers) {
      if (!this.groups.has(like)) this.groups.set(like, []);
      this.groups.get(like).push(key);
    }
    this.deal('');
  }

  /**
   * Makes the cards. Identical answers are one, unless they are split or decided differently.
   * @param {string} wanted index of the only criterion to show, empty: all
   */
  deal(wanted) {
    const shown = (key) => wanted === '' || this.drafts.answers.get(key).criterion === Number(wanted);
    this.cards = [...this.groups.entries()]
      .filter(([, keys]) => shown(keys[0]))
      .flatMap(([like, keys]) => (
        this.drafts.apart.has(like) || !this.agree(keys) ? keys.map((key) => [key]) : [keys]));
    this.place = Math.max(0, this.cards.findIndex((keys) => keys.includes(this.drafts.current)));
  }

  agree(keys) {
    return new Set(keys.map((key) => this.drafts.told(key))).size === 1;
  }

  get keys() { return this.cards[this.place]; }
  get answer() { return this.drafts.answers.get(this.keys[0]); }
  get criterion() { return this.drafts.worth(this.answer); }
  get mark() { return this.drafts.mark(this.keys[0]); }
  get draft() { return this.drafts.draft(this.keys[0]); }
  get twins() { return this.groups.get(this.answer.like); }

  /** What the grader found in all of the card's submissions. */
  get findings() {
    const others = this.keys.map((key) => this.drafts.answers.get(key).findings);
    return this.answer.findings.filter((one) => others.every((all) => all.includes(one)));
  }

  /** The first card after this one, or from the start, that is not marked. */
  get nextOpen() {
    const count = this.cards.length;
    const order = [...this.cards.keys()].map((offset) => (this.place + 1 + offset) % count);
    return order.find((index) => this.drafts.mark(this.cards[index][0]).points === null);
  }
}

const find = (id) => document.getElementById(id);

/** An element with text; never markup. */
const make = (tag, text = '', attributes = {}) => {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

const button = (text, action, attributes = {}) => {
  const made = make('button', text, {type: 'button', ...attributes});
  made.addEventListener('click', action);
  return made;
};

/** Puts children in place of others; the button that had the focus has it still. */
const replace = (container, children) => {
  const focused = [...container.querySelectorAll('button')].indexOf(document.activeElement);
  container.replaceChildren(...children);
  if (focused >= 0) container.querySelectorAll('button')[focused]?.focus();
};

const signed = (points) => (points < 0 ? '−' : '+') + MarksCsv.shown(Math.abs(points));

const told = (mark, most) => (
  mark.points === null ? 'not marked' : `${MarksCsv.shown(mark.points)} of ${MarksCsv.shown(most)} points`);

/** Shows a deck; `act` is what its buttons do. */
class Board {
  constructor(deck, act) {
    this.deck = deck;
    this.drafts = deck.drafts;
    this.act = act;
  }

  say(text) {
    find('said').textContent = text;
  }

  /** Says what was done, and whether the browser keeps it. */
  saved(text) {
    this.say(`${text} ${this.drafts.failed ? 'Not kept by this browser.' : 'Draft saved.'}`);
  }

  told() {
    return told(this.deck.mark, this.deck.criterion.max);
  }

  text(index) {
    const {drafts} = this;
    if (drafts.view === 'typed') return make('p', drafts.sheet.texts[index], {class: 'typed'});
    // A copy of what Python has made of the Markdown: the script makes no markup of text.
    const made = make('div', '', {class: 'rendered'});
    made.append(find(`text-${index}`).content.cloneNode(true));
    return made;
  }

  part({question, text}) {
    const side = (name, title, index, none) => {
      const made = make('section', '', {class: name, 'aria-label': title});
      made.append(make('h3', title), index === null ? make('p', none, {class: 'none'}) : this.text(index));
      return made;
    };
    const row = make('div', '', {class: 'part'});
    row.append(
      side('question', 'Question', question, 'Not known.'),
      side('answer', 'Answer', text, 'Blank: nothing was written here.'));
    return row;
  }

  parts() {
    const parts = this.deck.answer.parts.map((part) => this.part(part));
    const none = 'No written answer was found in this submission; it may be elsewhere in the file.';
    find('parts').replaceChildren(...(parts.length ? parts : [make('p', none, {class: 'none'})]));
    find('typed').setAttribute('aria-pressed', String(this.drafts.view === 'typed'));
    find('rendered').setAttribute('aria-pressed', String(this.drafts.view === 'rendered'));
  }

  card() {
    const {cards, place, keys, twins, criterion, findings} = this.deck;
    find('title').textContent = `Answer ${place + 1} of ${cards.length}: ${criterion.title}`;
    find('count').textContent = keys.length > 1
      ? `${keys.length} identical answers, marked together`
      : twins.length > 1 ? `One of ${twins.length} identical answers, marked apart` : '';
    find('split').hidden = twins.length < 2;
    find('split').textContent = keys.length > 1 ? 'Mark them apart' : 'Mark them together';
    find('findings').replaceChildren(
      ...findings.map((index) => make('li', this.drafts.sheet.findings[index])));
    find('found').hidden = findings.length === 0;
    this.parts();
    this.mark();
    this.items();
  }

  mark() {
    const {mark, criterion: {max}, draft, answer: {given}} = this.deck;
    find('mark').textContent = this.told();
    find('mark').dataset.open = String(mark.points === null);
    find('most').textContent = `of ${MarksCsv.shown(max)}`;
    find('points').value = mark.points === null ? '' : MarksCsv.shown(mark.points);
    find('points').removeAttribute('aria-invalid');
    if (find('comment').value !== draft.comment) find('comment').value = draft.comment;
    find('given').textContent = given
      ? `Marked before: ${told(given, max)}${given.by && `, by ${given.by}`}.` : '';
    find('clear').textContent = given ? 'Back to the mark before' : 'Take points away';
    const whole = [...Array(Math.min(Math.floor(max), 10) + 1).keys()];
    replace(find('quick'), whole.map((points) => button(
      String(points), () => this.act.setPoints(points),
      {'aria-label': `${points} points`, 'aria-pressed': String(mark.points === points)})));
  }

  items() {
    const {drafts, deck} = this;
    const rows = drafts.itemsOf(deck.criterion.id).map((item, index) => {
      const name = `${signed(item.points)} ${item.text}`;
      const used = String(deck.draft.items.includes(item.id));
      const apply = button('', () => this.act.toggle(index), {class: 'item', 'aria-pressed': used});
      if (index < 9 && drafts.numbers === 'items') apply.append(make('kbd', String(index + 1)), ' ');
      apply.append(make('b', signed(item.points)), ` ${item.text}`);
      const row = make('li');
      row.append(
        apply,
        button('Edit', () => this.act.editItem(item), {'aria-label': `Edit ${name}`}),
        button('Delete', () => this.act.removeItem(item), {'aria-label': `Delete ${name}`}));
      return row;
    });
    replace(find('items'), rows);
    find('no-items').hidden = rows.length > 0;
    for (const one of document.getElementsByName('numbers')) one.checked = one.value === drafts.numbers;
  }

  progress() {
    const {drafts} = this;
    const total = drafts.sheet.answers.length;
    const marked = drafts.marked();
    const unsaved = drafts.unsaved().length;
    find('progress').max = total || 1;
    find('progress').value = marked;
    find('marked').textContent = `${marked} of ${total} marked`;
    find('unsaved').textContent = unsaved ? `${unsaved} not exported yet` : 'nothing left to export';
    find('storage').hidden = !drafts.failed;
    const blanks = drafts.blank().length;
    find('blank').textContent = `All blank answers (${blanks}): 0 points`;
    find('blank').hidden = !drafts.sheet.answers.some((one) => one.blank);
    find('blank').disabled = blanks === 0;
  }

  option(index) {
    const [key, ...others] = this.deck.cards[index];
    const most = this.drafts.worth(this.drafts.answers.get(key)).max;
    const many = others.length ? ` (${others.length + 1} alike)` : '';
    return `${index + 1}${many}: ${told(this.drafts.mark(key), most)}`;
  }

  jump() {
    const {cards, place} = this.deck;
    find('jump').replaceChildren(...cards.map(
      (card, index) => new Option(this.option(index), String(index), index === place, index === place)));
  }

  conflicts() {
    const rows = this.drafts.conflicts.map((conflict) => {
      const {max, title} = this.drafts.worth(this.drafts.answers.get(conflict.key));
      const side = (where, mark) => make('p', `${where}: ${told(mark, max)}`
        + (mark.by && ` by ${mark.by}`) + (mark.comment && ` – ${mark.comment}`));
      const row = make('li');
      row.append(
        make('h3', title),
        side('Here', this.drafts.mark(conflict.key)), side('In the file', conflict),
        button('Keep mine', () => this.act.settle(conflict, false)), ' ',
        button('Take theirs', () => this.act.settle(conflict, true)), ' ',
        button('Show the answer', () => this.act.visit(conflict.key)));
      return row;
    });
    find('conflicts').replaceChildren(...rows);
    find('conflicting').hidden = rows.length === 0;
  }

  /** Everything anew, at the answer that was looked at before. */
  refresh() {
    const {deck, drafts} = this;
    deck.deal(find('criterion').value);
    if (deck.cards.length) {
      drafts.current = deck.keys[0];
      this.card();
    }
    this.progress();
    this.jump();
    this.conflicts();
  }

  /** What depends on the mark of the card, and words about what was done. */
  changed(what) {
    this.mark();
    this.items();
    this.progress();
    find('jump').options[this.deck.place].textContent = this.option(this.deck.place);
    if (what) this.saved(`${what} ${this.told()}.`);
  }
}

/**
 * `marks.csv` in the page: the same rules as in `grader.deciding.marks_csv`.
 *
 * @typedef {{key: string, criterion: string, definition: string, points: (number|null),
 *            comment: string, by: string, at: string}} Row
 */
const MarksCsv = (() => {
  const COLUMNS = ['key', 'criterion', 'definition', 'points', 'comment', 'by', 'at'];
  const NEEDED = ['key', 'definition', 'points'];
  const BLANK = '[ \\x0b\\x0c\\x85\\xa0\\u2000-\\u200b\\u202f\\u205f\\u3000\\ufeff]*';
  const FORMULA = `(?=${BLANK}[=+@|%＝＋－＠-])`;
  const START = '(?<=^|[;\\t\\r\\n])'; // where a spreadsheet may begin a cell
  const GUARD = new RegExp(`${START}('*)${FORMULA}`, 'g');
  const GUARDED = new RegExp(`${START}'('*)${FORMULA}`, 'g');

  const cell = (text) => {
    const guarded = text.replace(GUARD, "$1'");
    return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
  };

  /** Points as they are written: two places, no more of them than needed. */
  const shown = (points) => String(Math.round(points * 100) / 100);

  /** The text of a file. @param {Row[]} rows */
  const write = (rows) => {
    const lines = rows.map((row) => [
      row.key, row.criterion, `d-${row.definition}`,
      row.points === null ? '' : shown(row.points), row.comment, row.by, row.at,
    ]);
    return '\ufeff' + [COLUMNS, ...lines].map((line) => line.map(cell).join(',') + '\r\n').join('');
  };

  /** Cells and first line number of every record. */
  const records = (text, separator) => {
    const found = [];
    let cells = [], value = '', quoted = false, line = 1, start = 1;
    const end = () => {
      cells.push(value);
      if (cells.some((one) => one.trim())) found.push({line: start, cells});
      cells = [];
      value = '';
    };
    for (let i = 0; i < text.length; i += 1) {
      const letter = text[i];
      if (letter === '\n' || (letter === '\r' && text[i + 1] !== '\n')) line += 1;
      if (quoted) {
        if (letter !== '"') value += letter;
        else if (text[i + 1] === '"') { value += '"'; i += 1; } else quoted = false;
      } else if (letter === '"' && value === '') quoted = true;
      else if (letter === separator) { cells.push(value); value = ''; }
      else if (letter === '\n' || (letter === '\r' && text[i + 1] !== '\n')) { end(); start = line; }
      else if (letter !== '\r') value += letter;
    }
    end();
    return found;
  };

  /**
   * The rows of a file, in whatever order its columns are; points stay text.
   * @param {string} text
   * @returns {{rows: Object[], problem: string}}
   */
  const read = (text) => {
    const hint = /^\ufeff?sep=[^\n]*\n/i.test(text); // a line some spreadsheets put first
    const body = hint ? text.slice(text.indexOf('\n') + 1) : text.replace(/^\ufeff/, '');
    for (const separator of [',', ';', '\t']) {
      const [head, ...rest] = records(body, separator);
      const names = (head?.cells ?? []).map((name) => name.trim().toLowerCase());
      if (!NEEDED.every((name) => names.includes(name))) continue;
      const twice = COLUMNS.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
      if (twice) return {rows: [], problem: `has two columns named ${twice}`};
      const at = (cells, name) => (cells[names.indexOf(name)] ?? '').replace(GUARDED, '$1').trim();
      return {
        rows: rest.map(({line, cells}) => ({
          line: line + Number(hint), ...Object.fromEntries(COLUMNS.map((name) => [name, at(cells, name)])),
        })),
        problem: '',
      };
    }
    return {rows: [], problem: `has no columns ${NEEDED.join(', ')} in its first line`};
  };

  /**
   * Points as a person writes them, with a dot or a comma.
   * @returns {{points: (number|null), problem: string}} no points and no problem: left blank
   */
  const points = (text, most) => {
    const written = text.trim();
    if (!written) return {points: null, problem: ''};
    const match = /^([+-]?)(?=[.,]?[0-9])([0-9]{0,6})(?:[.,]([0-9]{0,20}))?$/.exec(written);
    if (!match) return {points: null, problem: `“${written.slice(0, 40)}” is not a number of points`};
    const value = Math.round(Number(`${match[2] || 0}.${match[3] || 0}`) * 100) / 100;
    if (match[1] === '-' && value) return {points: null, problem: `${written} is less than no points`};
    if (value > most) {
      return {points: null, problem: `${written} is more than the ${shown(most)} points there are`};
    }
    return {points: value, problem: ''};
  };

  return {points, read, shown, write};
})();

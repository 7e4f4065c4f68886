/**
 * A text that a simple pattern accepts: for the values that a simulated provider makes up (an instance, a site, a
 * company). Knows what the catalogue's patterns are made of; every one of them is a test.
 */

/** @throws Error for a pattern that is made of something else */
export function sampleOf(pattern: string): string {
  return new Reader(pattern).alternatives();
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The first of `a|b|c`; the others are read over. */
  alternatives(): string {
    const first = this.#sequence();
    while (this.#takes('|')) this.#sequence();
    return first;
  }

  #sequence(): string {
    let made = '';
    while (this.#at < this.#text.length && !['|', ')'].includes(this.#peek())) {
      const one = this.#atom();
      made += one.repeat(this.#times());
    }
    return made;
  }

  #atom(): string {
    const char = this.#next();
    switch (char) {
      case '^':
      case '$':
        return '';
      case '(': {
        if (this.#takes('?')) this.#expect(':');
        const inner = this.alternatives();
        this.#expect(')');
        return inner;
      }
      case '[':
        return this.#oneOf();
      case '\\':
        return this.#escaped();
      case '.':
        return 'x';
      default:
        return char;
    }
  }

  #escaped(): string {
    const char = this.#next();
    return char === 'd' ? '1' : char === 'w' ? 'a' : char;
  }

  /** The first letter or digit of a class, so that what is made can begin and end a host's label. */
  #oneOf(): string {
    const end = this.#text.indexOf(']', this.#at);
    if (end < 0 || this.#peek() === '^') throw new Error(`no sample of ${this.#text}`);
    const inside = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return /[A-Za-z0-9]/.exec(inside)?.[0] ?? inside[0] ?? '';
  }

  /** At least one, also where none would do: an empty part names nothing. */
  #times(): number {
    if (this.#takes('*') || this.#takes('+')) return 1;
    if (this.#takes('?')) return 0;
    if (!this.#takes('{')) return 1;
    const end = this.#text.indexOf('}', this.#at);
    const [least = '1'] = this.#text.slice(this.#at, end).split(',');
    this.#at = end + 1;
    return Math.max(1, Number(least));
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #next(): string {
    const char = this.#peek();
    if (char === '') throw new Error(`no sample of ${this.#text}`);
    this.#at += 1;
    return char;
  }

  #takes(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at += 1;
    return true;
  }

  #expect(char: string): void {
    if (!this.#takes(char)) throw new Error(`no sample of ${this.#text}`);
  }
}

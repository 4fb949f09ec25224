/** One server-sent event. */
export interface ServerEvent {
  readonly type: string;
  readonly data: string;
  /** The last id that the stream has named, also by an earlier event. */
  readonly id: string;
}

const LINE_END = /\r\n|\n|\r/;

/**
 * Puts server-sent events together from chunks of text, as the HTML standard says
 * (section 9.2.6). `EventSource` would do it, but cannot send a bearer token.
 */
export class EventReader {
  private rest = '';
  private type = '';
  private data: string[] = [];
  private id = '';

  /** The events that are complete with this chunk. */
  push(chunk: string): ServerEvent[] {
    // A CR at the end may be the first half of a CRLF, so it waits for the next chunk.
    const text = this.rest + chunk;
    const held = text.endsWith('\r') ? 1 : 0;
    const lines = text.slice(0, text.length - held).split(LINE_END);
    this.rest = (lines.pop() ?? '') + text.slice(text.length - held);
    return lines.flatMap((line) => this.take(line));
  }

  private take(line: string): ServerEvent[] {
    if (line === '') return this.complete();
    const colon = line.indexOf(':');
    if (colon === 0) return [];
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.type = value;
    else if (field === 'data') this.data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.id = value;
    return [];
  }

  private complete(): ServerEvent[] {
    const event = { type: this.type === '' ? 'message' : this.type, data: this.data.join('\n'), id: this.id };
    const empty = this.data.length === 0;
    this.type = '';
    this.data = [];
    return empty ? [] : [event];
  }
}

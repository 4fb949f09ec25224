import { describe, expect, it } from 'vitest';
import { readQrCode } from './qr-code';

describe('readQrCode', () => {
  it('takes only the path out of the picture', () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><script>x</script><path d="M0 0h1" onclick="y"/></svg>';
    expect(readQrCode(`data:image/svg+xml;base64,${btoa(svg)}`)).toEqual({ width: 10, height: 10, path: 'M0 0h1', transform: null });
  });

  it.each(['https://example.com/x.svg', 'data:image/png;base64,AAAA', 'data:image/svg+xml,%3Csvg%3E'])('refuses %s', (url) => {
    expect(readQrCode(url)).toBeNull();
  });
});

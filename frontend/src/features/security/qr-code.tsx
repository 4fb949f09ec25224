/** What is needed of a QR code that came as an SVG image: its size, and its dark modules as a path. */
interface QrPath {
  readonly width: number;
  readonly height: number;
  readonly path: string;
  readonly transform: string | null;
}

/**
 * Reads an SVG data URL. The page's policy shows images only from its own origin, so the code is drawn
 * anew out of its path; nothing else of the picture reaches the page.
 */
export function readQrCode(dataUrl: string): QrPath | null {
  const [head = '', ...rest] = dataUrl.split(',');
  if (!head.startsWith('data:image/svg+xml')) return null;
  const text = head.endsWith(';base64') ? atob(rest.join(',')) : decodeURIComponent(rest.join(','));
  const svg = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
  const path = svg.querySelector('path:last-of-type');
  const [width, height] = [Number(svg.getAttribute('width')), Number(svg.getAttribute('height'))];
  const d = path?.getAttribute('d') ?? null;
  return d === null || !(width > 0) || !(height > 0) ? null : { width, height, path: d, transform: path?.getAttribute('transform') ?? null };
}

/** Dark on light in both themes and, where there is room, with modules of whole pixels, as scanners want it. */
export function QrCode({ dataUrl, label }: { dataUrl: string; label: string }) {
  const code = readQrCode(dataUrl);
  if (code === null) return null;
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${code.width} ${code.height}`} width={code.width} height={code.height} shapeRendering="crispEdges" className="mx-auto h-auto max-w-full rounded-lg">
      <rect width="100%" height="100%" fill="#ffffff" />
      <path d={code.path} stroke="#000000" fill="none" {...(code.transform === null ? {} : { transform: code.transform })} />
    </svg>
  );
}

/** A pattern of four tiles drawn from the product's name, in place of a photograph. */
export function ProductPicture({ name }: { name: string }) {
  const seed = hash(name);
  const hue = seed % 360;
  const ground = `hsl(${hue} 32% 88%)`;
  const inks = [`hsl(${hue} 38% 34%)`, `hsl(${(hue + 40) % 360} 45% 55%)`];
  return (
    <svg viewBox="0 0 120 60" aria-hidden="true" className="aspect-[2/1] w-full dark:brightness-75" preserveAspectRatio="xMidYMid slice">
      <rect width="120" height="60" fill={ground} />
      {[0, 1, 2, 3].map((place) => {
        const kind = (seed >> (place * 3)) % 4;
        const ink = inks[(seed >> (place + 9)) % 2] ?? ground;
        return (
          <g key={place} transform={`translate(${37 + (place % 2) * 24} ${7 + Math.floor(place / 2) * 24})`} fill={ink}>
            <Tile kind={kind} />
          </g>
        );
      })}
    </svg>
  );
}

function Tile({ kind }: { kind: number }) {
  if (kind === 0) return <circle cx="11" cy="11" r="10" />;
  if (kind === 1) return <rect x="1" y="1" width="20" height="20" rx="3" />;
  if (kind === 2) return <path d="M1 21 A20 20 0 0 1 21 1 V21 Z" />;
  return <path d="M11 0 L22 11 L11 22 L0 11 Z" />;
}

/** FNV-1a, as a non-negative number. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const char of text) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return value >>> 1;
}

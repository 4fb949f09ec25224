import { Slot } from '@radix-ui/react-slot';
import { type HTMLAttributes, type ReactNode, type Ref, useEffect } from 'react';

const LOCKED = 'scroll-locked';
let holders = 0;

interface ScrollLockProps extends HTMLAttributes<HTMLElement> {
  children: ReactNode;
  ref?: Ref<HTMLElement>;
}

/** What Radix hands to the original and a class has no use for. */
const NOT_ATTRIBUTES = new Set(['as', 'allowPinchZoom', 'shards']);

const attributesIn = (props: object) => Object.fromEntries(Object.entries(props).filter(([name]) => !NOT_ATTRIBUTES.has(name)));

function hold(): void {
  holders += 1;
  if (holders > 1) return;
  // The place of a scrollbar that disappears stays empty, or the page would jump sideways.
  const scrollbar = globalThis.innerWidth - document.documentElement.clientWidth;
  document.body.style.paddingRight = scrollbar > 0 ? `${scrollbar}px` : '';
  document.body.classList.add(LOCKED);
}

function release(): void {
  holders -= 1;
  if (holders > 0) return;
  document.body.style.paddingRight = '';
  document.body.classList.remove(LOCKED);
}

/**
 * Stands in for `react-remove-scroll` (see vite.config.ts): keeps the page behind a dialog
 * from scrolling through a class, where the original would inject a style element.
 */
export function RemoveScroll({ children, ref, ...props }: ScrollLockProps) {
  useEffect(() => {
    hold();
    return release;
  }, []);
  return (
    <Slot {...attributesIn(props)} {...(ref === undefined ? {} : { ref })}>
      {children}
    </Slot>
  );
}

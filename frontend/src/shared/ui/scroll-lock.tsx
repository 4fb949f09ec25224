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

/**
 * Stands in for `react-remove-scroll` (see vite.config.ts): keeps the page behind a dialog
 * from scrolling through a class, where the original would inject a style element.
 */
export function RemoveScroll({ children, ref, ...props }: ScrollLockProps) {
  useEffect(() => {
    holders += 1;
    document.body.classList.add(LOCKED);
    return () => {
      holders -= 1;
      if (holders === 0) document.body.classList.remove(LOCKED);
    };
  }, []);
  return (
    <Slot {...attributesIn(props)} {...(ref === undefined ? {} : { ref })}>
      {children}
    </Slot>
  );
}

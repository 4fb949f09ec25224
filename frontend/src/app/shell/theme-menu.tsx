import * as Menu from '@radix-ui/react-dropdown-menu';
import { chooseTheme, type ThemeChoice, useTheme, useThemeChoice } from '@/shared/theme/theme';
import { CheckIcon, MoonIcon, SunIcon, SystemIcon } from '@/shared/ui/icons';

const CHOICES = [
  ['system', 'System', SystemIcon],
  ['light', 'Light', SunIcon],
  ['dark', 'Dark', MoonIcon],
] as const;

export function ThemeMenu() {
  const choice = useThemeChoice();
  const Current = useTheme() === 'dark' ? MoonIcon : SunIcon;
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger aria-label="Theme" className="flex size-9 items-center justify-center rounded-lg text-muted hover:bg-sunken hover:text-text">
        <Current className="size-[1.125rem]" />
      </Menu.Trigger>
      <Menu.Content align="end" sideOffset={8} className="z-50 min-w-40 animate-enter rounded-xl bg-raised p-1.5 shadow-pop">
        <Menu.RadioGroup value={choice} onValueChange={(value) => { chooseTheme(value as ThemeChoice); }}>
          {CHOICES.map(([value, text, Icon]) => (
            <Menu.RadioItem key={value} value={value} className="flex items-center gap-2.5 rounded-lg px-3 py-2 text-sm outline-none select-none data-[highlighted]:bg-sunken">
              <Icon className="size-4 text-muted" />
              {text}
              <Menu.ItemIndicator className="ml-auto">
                <CheckIcon />
              </Menu.ItemIndicator>
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Content>
    </Menu.Root>
  );
}

import * as Menu from '@radix-ui/react-dropdown-menu';
import { Link } from '@tanstack/react-router';
import { useLogOut } from '@/features/auth/auth-actions';
import { explain, SessionReplaced } from '@/shared/api/problem';
import { ChevronDownIcon, LogOutIcon, ShieldIcon, UserIcon } from '@/shared/ui/icons';
import { useToast } from '@/shared/ui/toasts';

const ITEM = 'flex w-full items-center gap-2.5 rounded-lg px-3 py-2 text-sm outline-none select-none data-[highlighted]:bg-sunken';

export function AccountMenu({ username }: { username: string }) {
  const logOut = useLogOut();
  const announce = useToast();
  const leave = (everywhere: boolean) => {
    logOut.mutate(
      { everywhere },
      {
        onError: (error) => {
          if (!(error instanceof SessionReplaced)) announce('error', `You are still logged in. ${explain(error)}`);
        },
      },
    );
  };
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="flex h-9 items-center gap-2 rounded-lg px-2 text-sm font-medium hover:bg-sunken">
        <span className="flex size-6 items-center justify-center rounded-full bg-accent-soft text-accent">
          <UserIcon className="size-3.5" />
        </span>
        <span className="sr-only">Account</span>
        <span className="hidden max-w-40 truncate lg:block">{username}</span>
        <ChevronDownIcon className="size-3.5 text-muted" />
      </Menu.Trigger>
      <Menu.Content align="end" sideOffset={8} className="z-50 min-w-56 animate-enter rounded-xl bg-raised p-1.5 shadow-pop">
        <Menu.Label className="px-3 pt-1.5 pb-2">
          <span className="block text-xs text-muted">Logged in as</span>
          <span className="block truncate text-sm font-medium">{username}</span>
        </Menu.Label>
        <Menu.Separator className="my-1 h-px bg-line" />
        <Menu.Item asChild className={ITEM}>
          <Link to="/security">
            <ShieldIcon className="size-4 text-muted" /> Security
          </Link>
        </Menu.Item>
        <Menu.Separator className="my-1 h-px bg-line" />
        <Menu.Item className={ITEM} onSelect={() => { leave(false); }}>
          <LogOutIcon className="size-4 text-muted" /> Log out
        </Menu.Item>
        <Menu.Item className={ITEM} onSelect={() => { leave(true); }}>
          <LogOutIcon className="size-4 text-muted" /> Log out everywhere
        </Menu.Item>
      </Menu.Content>
    </Menu.Root>
  );
}

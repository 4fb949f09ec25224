import { providerName, rememberNext, signInAddress, useProviders } from '@/shared/federation';
import { useServices } from '@/shared/services';
import { Button } from '@/shared/ui/button';

/** The ways in by an account elsewhere, where the installation knows any. */
export function ProviderButtons({ next }: { next: string | undefined }) {
  const { session } = useServices();
  const providers = useProviders().data ?? [];
  const leave = () => {
    rememberNext(next);
    session.expectReturn();
  };
  return (
    <>
      {providers.map((provider) => (
        <Button key={provider} asChild size="lg" className="w-full">
          <a href={signInAddress(provider)} onClick={leave}>
            Continue with {providerName(provider)}
          </a>
        </Button>
      ))}
    </>
  );
}

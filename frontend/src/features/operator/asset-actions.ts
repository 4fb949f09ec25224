import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { unwrap } from '@/shared/api/client';
import { keys } from '@/shared/api/keys';
import type { AssetCreation, AssetPatch } from '@/shared/api/types';
import { useApi } from '@/shared/services';
import { useStepUp } from '@/shared/step-up/step-up';

const MOST = 250;
const KEY = [...keys.operator, 'assets'];

/** Every asset, also those that are not traded. */
export function useAllAssets() {
  const api = useApi();
  return useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) => (await unwrap(api.GET('/api/v1/inventory/assets', { params: { query: { limit: MOST, active_only: false } }, signal }))).data,
  });
}

function useAct<Input>(act: (input: Input) => Promise<unknown>) {
  const queries = useQueryClient();
  const withStepUp = useStepUp();
  return useMutation({
    mutationFn: (input: Input) => withStepUp(() => act(input)),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: KEY });
      void queries.invalidateQueries({ queryKey: keys.assets });
    },
  });
}

export function useCreateAsset() {
  const api = useApi();
  return useAct((body: AssetCreation) => unwrap(api.POST('/api/v1/inventory/assets', { body })));
}

interface Change {
  readonly assetId: string;
  readonly patch: AssetPatch;
}

export function useChangeAsset() {
  const api = useApi();
  return useAct(({ assetId, patch }: Change) => unwrap(api.PATCH('/api/v1/inventory/assets/{asset_id}', { params: { path: { asset_id: assetId } }, body: patch })));
}

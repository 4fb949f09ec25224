import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly hasMore: boolean;
  readonly nextCursor: string | null;
}

interface PagesOptions<Row> {
  queryKey: readonly unknown[];
  load: (cursor: string | null, signal: AbortSignal) => Promise<Page<Row>>;
  enabled?: boolean;
}

/** One page at a time of a list that the server pages by cursor. A new key starts at page one. */
export function usePages<Row>({ queryKey, load, enabled = true }: PagesOptions<Row>) {
  const identity = JSON.stringify(queryKey);
  const [position, setPosition] = useState({ identity, index: 0 });
  const index = position.identity === identity ? position.index : 0;
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => load(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => (last.hasMore ? last.nextCursor : undefined),
    enabled,
  });
  const pages = query.data?.pages ?? [];
  const shown = Math.min(index, Math.max(pages.length - 1, 0));
  const goTo = (next: number) => {
    setPosition({ identity, index: next });
  };
  const older = async () => {
    if (shown + 1 >= pages.length) {
      const result = await query.fetchNextPage();
      if (result.isError) return;
    }
    goTo(shown + 1);
  };
  return {
    rows: query.data === undefined ? undefined : (pages[shown]?.rows ?? []),
    error: query.error,
    retry: () => void query.refetch(),
    pager: {
      page: shown + 1,
      hasNewer: shown > 0,
      hasOlder: shown + 1 < pages.length || query.hasNextPage,
      busy: query.isFetchingNextPage,
      onNewer: () => {
        goTo(shown - 1);
      },
      onOlder: () => void older(),
    },
  };
}

import { getRouteApi } from '@tanstack/react-router';
import { OrderHistory } from '@/features/orders/order-history';
import { PageTitle } from './page-title';

const route = getRouteApi('/own/orders');

export function OrdersPage() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <>
      <PageTitle title="Orders">Everything you have ordered, newest first.</PageTitle>
      <OrderHistory
        filter={filter}
        onFilter={(search) => {
          void navigate({ search, replace: true, resetScroll: false });
        }}
      />
    </>
  );
}

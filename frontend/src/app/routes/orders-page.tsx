import { getRouteApi } from '@tanstack/react-router';
import { OrderHistory } from '@/features/orders/order-history';
import { OpenOrders } from '@/features/orders/open-orders';
import { PageTitle } from './page-title';

const route = getRouteApi('/own/customer/orders');

export function OrdersPage() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <>
      <PageTitle title="Orders">What waits for its price, and everything you have ordered.</PageTitle>
      <div className="grid gap-4 lg:gap-6">
        <OpenOrders />
        <OrderHistory
          filter={filter}
          onFilter={(search) => {
            void navigate({ search, replace: true, resetScroll: false });
          }}
        />
      </div>
    </>
  );
}

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/app';
import { createAppRouter } from './app/router';
import { connectToPrices } from './shared/live/price-stream';
import { createServices } from './shared/services';
import { browserSessionPorts } from './shared/session/browser-ports';
import { watchTheme } from './shared/theme/theme';
import './styles.css';

const container = document.getElementById('root');
if (container === null) throw new Error('index.html has no #root');

watchTheme();
createRoot(container).render(
  <StrictMode>
    <App services={createServices(browserSessionPorts(), connectToPrices)} router={createAppRouter()} />
  </StrictMode>,
);

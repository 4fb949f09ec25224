import type { ReactNode, SVGProps } from 'react';

type IconProps = SVGProps<SVGSVGElement>;

function icon(paths: ReactNode) {
  return function Icon({ className = 'size-4', ...rest }: IconProps) {
    return (
      <svg
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.75"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
        className={`shrink-0 ${className}`}
        {...rest}
      >
        {paths}
      </svg>
    );
  };
}

export const MarketsIcon = icon(<path d="M4 19V5M4 19h16M8 15l4-5 3 3 5-7" />);
export const DashboardIcon = icon(<path d="M4 13h7V4H4zM13 20h7v-9h-7zM4 20h7v-4H4zM13 4v4h7V4z" />);
export const OrdersIcon = icon(<path d="M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01" />);
export const TransactionsIcon = icon(<path d="M7 4v16m0 0-3-3m3 3 3-3M17 20V4m0 0-3 3m3-3 3 3" />);
export const SearchIcon = icon(<path d="M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4" />);
export const SunIcon = icon(<path d="M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1" />);
export const MoonIcon = icon(<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8 8 0 1 0 10.5 10.500z" />);
export const SystemIcon = icon(<path d="M4 5h16v11H4zM9 20h6M12 16v4" />);
export const CloseIcon = icon(<path d="M6 6l12 12M18 6 6 18" />);
export const EditIcon = icon(<path d="M4 20h4L19 9a2.8 2.8 0 0 0-4-4L4 16zM13.5 6.500l4 4" />);
export const DownloadIcon = icon(<path d="M12 4v11m0 0-4-4m4 4 4-4M5 19h14" />);
export const ShieldIcon = icon(<path d="M12 3l7 3v5c0 4.500-3 8-7 10-4-2-7-5.500-7-10V6zM9 12l2 2 4-4" />);
export const KeyIcon = icon(<path d="M8 17a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM11.500 13H21m-3 0v3m-3-3v2" />);
export const DeviceIcon = icon(<path d="M4 6h16v10H4zM2 19h20" />);
export const ConsoleIcon = icon(<path d="M4 5h16v14H4zM8 10l2.500 2L8 14M13 14h3" />);
export const CopyIcon = icon(<path d="M9 9h10v11H9zM15 9V4H5v11h4" />);
export const TrashIcon = icon(<path d="M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5" />);
export const CheckIcon = icon(<path d="M5 12.5l4.5 4.500L19 7.5" />);
export const ChevronDownIcon = icon(<path d="M6 9l6 6 6-6" />);
export const ChevronLeftIcon = icon(<path d="M15 6l-6 6 6 6" />);
export const ChevronRightIcon = icon(<path d="M9 6l6 6-6 6" />);
export const StarIcon = icon(<path d="M12 4l2.400 5.100 5.600.7-4.100 3.900 1.100 5.500L12 16.500l-5 2.700 1.100-5.500L4 9.800l5.600-.7z" />);
export const ArrowUpIcon = icon(<path d="M12 19V5m0 0-6 6m6-6 6 6" />);
export const ArrowDownIcon = icon(<path d="M12 5v14m0 0 6-6m-6 6-6-6" />);
export const AlertIcon = icon(<path d="M12 4 3 19.500h18zM12 10v4M12 17h.01" />);
export const InfoIcon = icon(<path d="M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 8h.01" />);
export const OfflineIcon = icon(<path d="M3 3l18 18M8.5 15.500a5 5 0 0 1 7 0M5 12a10 10 0 0 1 4-2.400M19 12a10 10 0 0 0-5-2.700M12 19h.01" />);
export const UserIcon = icon(<path d="M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM5 20a7 7 0 0 1 14 0" />);
export const LogOutIcon = icon(<path d="M14 4H6v16h8M10 12h10m0 0-3-3m3 3-3 3" />);
export const EyeIcon = icon(<path d="M3 12s3.5-6 9-6 9 6 9 6-3.5 6-9 6-9-6-9-6zM12 14.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z" />);
export const EyeOffIcon = icon(<path d="M4 4l16 16M9.5 6.400A9 9 0 0 1 12 6c5.5 0 9 6 9 6a15 15 0 0 1-2.6 3.200M6 8a15 15 0 0 0-3 4s3.5 6 9 6a9 9 0 0 0 3.5-.700" />);

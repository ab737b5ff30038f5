[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")] // they look at file modes

; Inno Setup 6: installs dist\s3browser for the person who runs it, without administrator rights.
; Called by build.ps1 as: iscc /DVersion=1.2.3 s3browser.iss. Not yet run on Windows.

[Setup]
; The same for every version: it is how an update finds the earlier one.
AppId={{6E0C6C39-5C0B-4B57-9C7B-0D6A4C2C7C11}
AppName=s3browser
AppVersion={#Version}
AppPublisher=s3browser contributors
DefaultDirName={autopf}\s3browser
DefaultGroupName=s3browser
DisableProgramGroupPage=yes
DisableDirPage=auto
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=commandline
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
SourceDir=..\..
OutputDir=dist
OutputBaseFilename=s3browser-{#Version}-setup
SetupIconFile=build\s3browser.ico
UninstallDisplayIcon={app}\s3browser.exe
Compression=lzma2
SolidCompression=yes
WizardStyle=modern
CloseApplications=yes

[InstallDelete]
; Libraries of an earlier version must not be found beside the new ones.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "dist\s3browser\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{autoprograms}\s3browser"; Filename: "{app}\s3browser.exe"

[Run]
Filename: "{app}\s3browser.exe"; Description: "{cm:LaunchProgram,s3browser}"; Flags: nowait postinstall skipifsilent
